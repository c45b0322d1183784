//! Takes webhooks on a port of its own and answers them from a list of statuses, then with 200.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;
use tokio::sync::mpsc;

/// What came.
#[derive(Debug)]
pub struct Received {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub raw: String,
    pub body: Value,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    pub fn event(&self) -> &str {
        self.body["event"].as_str().unwrap()
    }
}

pub struct Receiver {
    pub url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

/// Listens; the first posts get these statuses, all others 200.
pub fn receiver(statuses: &[u16]) -> Receiver {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhooks/original/SECRET", listener.local_addr().unwrap());
    let (sender, received) = mpsc::unbounded_channel();
    let statuses = Arc::new(Mutex::new(statuses.iter().rev().copied().collect::<Vec<_>>()));
    let server = HttpServer::new(move || {
        let (sender, statuses) = (sender.clone(), Arc::clone(&statuses));
        App::new().default_service(web::to(move |request: HttpRequest, body: String| {
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            let path = request.path().to_owned();
            let json = serde_json::from_str(&body).unwrap();
            sender.send(Received { path, headers, raw: body, body: json }).unwrap();
            let status = statuses.lock().unwrap().pop().unwrap_or(200);
            std::future::ready(HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish())
        }))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    tokio::spawn(server);
    Receiver { url, received }
}

impl Receiver {
    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(super::DEADLINE, self.received.recv()).await.expect("no webhook came").unwrap()
    }

    /// What came and was not asked for yet.
    pub fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}
