#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]
mod common;
use common::*;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods)]
async fn load() {
    let w = world(quick()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = token("sandbox-secret-of-thirty-two-characters");
    let t = std::time::Instant::now();
    let n = 20000;
    let url = format!("{}/user", w.running.original_url());
    futures_util::future::join_all((0..32).map(|k| {
        let client = client.clone();
        let token = token.clone();
        let url = url.clone();
        tokio::spawn(async move {
            for i in 0..n / 32 {
                let r = client
                    .post(&url)
                    .header("X-API-KEY", "sandbox-key")
                    .header("Authorization", format!("Bearer {token}"))
                    .body(format!("{{\"user_external_id\":\"u{k}-{i}\"}}"))
                    .send()
                    .await
                    .unwrap();
                assert_eq!(r.status(), 201);
                r.bytes().await.unwrap();
            }
        })
    }))
    .await;
    println!("{} per s", n as f64 / t.elapsed().as_secs_f64());
    println!("{:?}", w.running.summary());
}
