//! Delivery of webhook events: one task per target, in order, so that a slow target delays no other.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Client;
use rustls::ClientConfig;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::handle::Handle;
use super::posting::Posting;

/// Maximum queued events per target.
const LONGEST_QUEUE: usize = 512;
/// The timeout of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1)];

/// Delivers until `stop` is cancelled. Ends early, with an error, only if one of its tasks panicked.
pub(super) async fn run(
    room: Handle,
    mut post: mpsc::Receiver<Posting>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let client = client()?;
    let mut queues: HashMap<String, mpsc::Sender<Posting>> = HashMap::new();
    let mut workers = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(ended) = workers.join_next() => ended.context("a task that delivers webhook events failed")?,
            Some(posting) = post.recv() => {
                let queue = queues.entry(posting.target.clone()).or_insert_with(|| {
                    let (queue, waiting) = mpsc::channel(LONGEST_QUEUE);
                    workers.spawn(deliver_all(room.clone(), client.clone(), waiting));
                    queue
                });
                if queue.try_send(posting).is_err() {
                    tracing::warn!("a webhook event was dropped: too many wait for its target");
                }
            }
        }
    }
}

/// The targets are http on loopback: no proxy, no redirect, and no root certificates to load.
fn client() -> anyhow::Result<Client> {
    let provider = rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ATTEMPT_TIMEOUT)
        .build()
        .context("cannot build an HTTP client")
}

async fn deliver_all(room: Handle, client: Client, mut waiting: mpsc::Receiver<Posting>) {
    while let Some(posting) = waiting.recv().await {
        if !deliver(&client, &posting).await {
            tracing::warn!(target = posting.target, "a webhook event was not delivered");
        } else if room.delivers_twice() {
            attempt(&client, &posting).await;
        }
    }
}

async fn deliver(client: &Client, posting: &Posting) -> bool {
    for pause in PAUSES {
        if attempt(client, posting).await {
            return true;
        }
        tokio::time::sleep(pause).await;
    }
    attempt(client, posting).await
}

async fn attempt(client: &Client, posting: &Posting) -> bool {
    let mut request = client.post(&posting.target).header("content-type", "application/json;charset=UTF-8");
    if let Some(signature) = &posting.signature {
        request = request.header("X-Spark-Signature", signature);
    }
    let reply = request.body(posting.body.clone()).send().await;
    reply.is_ok_and(|reply| reply.status().is_success())
}
