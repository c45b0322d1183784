//! A mail server that takes mails and answers the final dot only when its gate is opened. Messages leave by their id.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The server.
#[derive(Clone)]
pub struct Gate {
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<String>>>,
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    /// With its gate closed.
    pub async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Self { address, taken: Arc::default(), open: Arc::new(watch::Sender::new(false)) };
        let server = gate.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.hold(stream).await });
            }
        });
        gate
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// The ids of the messages that it has, each as often as it was sent.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    async fn hold(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 gate\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            if verb == "DATA" {
                write.write_all(b"354 go on\r\n").await.ok()?;
                self.data(&mut lines).await?;
            }
            let answer: &[u8] = if verb == "QUIT" { b"221 bye\r\n" } else { b"250 fine\r\n" };
            write.write_all(answer).await.ok()?;
        }
        Some(())
    }

    async fn data(&self, lines: &mut tokio::io::Lines<BufReader<tokio::net::tcp::OwnedReadHalf>>) -> Option<()> {
        while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
            if let Some(id) = line.strip_prefix("Message-ID: ") {
                self.taken.lock().unwrap().push(id.to_owned());
            }
        }
        drop(self.open.subscribe().wait_for(|open| *open).await.ok()?);
        Some(())
    }
}
