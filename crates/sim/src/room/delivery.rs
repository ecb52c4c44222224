//! Delivery of webhook events: one task for each target, so that a slow one delays nobody else, each in order.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Client;
use rustls::ClientConfig;
use sha1::Sha1;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Handle;
use super::webhooks::Webhook;
use super::world::News;

/// Events that wait for the office, and for each target.
pub(super) const LONGEST_QUEUE: usize = 512;
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1)];
/// A target's task ends when nothing came for this long.
const IDLE: Duration = Duration::from_mins(1);

/// One event on its way to one webhook.
pub(super) struct Posting {
    hook: String,
    target: String,
    body: Vec<u8>,
    signature: Option<String>,
}

impl Posting {
    /// The event as `hook` is to receive it, signed over exactly these bytes.
    pub(super) fn new(hook: &Webhook, news: &News) -> Self {
        let body = hook.body(news).to_string().into_bytes();
        let signature = hook.secret.as_deref().map(|secret| sign(secret.as_bytes(), &body));
        Self { hook: hook.id.clone(), target: hook.target_url.clone(), body, signature }
    }

    /// The webhook it is for.
    pub(super) fn hook(&self) -> &str {
        &self.hook
    }
}

/// The lower-case hex of the HMAC-SHA1.
fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Delivers until `stop`. Ends early, with an error, only if a task of it panicked.
pub(super) async fn run(
    room: Handle,
    mut post: mpsc::Receiver<Posting>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let client = client()?;
    let mut queues: HashMap<String, mpsc::Sender<Posting>> = HashMap::new();
    let mut carriers = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(ended) = carriers.join_next() => {
                ended.context("a task that delivers webhook events failed")?;
                queues.retain(|_, queue| !queue.is_closed());
            }
            Some(posting) = post.recv() => {
                let target = posting.target.clone();
                if queues.get(&target).is_none_or(mpsc::Sender::is_closed) {
                    let (queue, waiting) = mpsc::channel(LONGEST_QUEUE);
                    carriers.spawn(carry(room.clone(), client.clone(), waiting));
                    queues.insert(target.clone(), queue);
                }
                if let Some(Err(lost)) = queues.get(&target).map(|queue| queue.try_send(posting)) {
                    room.delivered(lost.into_inner().hook(), false);
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
    builder.redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build().context("cannot build an HTTP client")
}

async fn carry(room: Handle, client: Client, mut waiting: mpsc::Receiver<Posting>) {
    while let Ok(Some(posting)) = tokio::time::timeout(IDLE, waiting.recv()).await {
        if !room.is_active(posting.hook()) {
            continue;
        }
        let arrived = deliver(&client, &posting).await;
        room.delivered(posting.hook(), arrived);
        if arrived && room.delivers_twice() {
            attempt(&client, &posting).await;
        }
    }
    // What came between the last look and here is not lost: it was queued before the queue closed.
    waiting.close();
    while let Some(posting) = waiting.recv().await {
        let arrived = deliver(&client, &posting).await;
        room.delivered(posting.hook(), arrived);
    }
}

async fn deliver(client: &Client, posting: &Posting) -> bool {
    for pause in PAUSES {
        if attempt(client, posting).await {
            return true;
        }
        tokio::time::sleep(pause).await;
    }
    let arrived = attempt(client, posting).await;
    if !arrived {
        tracing::warn!(target = posting.target, "a webhook event was not delivered");
    }
    arrived
}

async fn attempt(client: &Client, posting: &Posting) -> bool {
    let mut request = client.post(&posting.target).header("content-type", "application/json;charset=UTF-8");
    if let Some(signature) = &posting.signature {
        request = request.header("X-Spark-Signature", signature);
    }
    let reply = request.body(posting.body.clone()).send().await;
    reply.is_ok_and(|reply| reply.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_published_one() {
        // RFC 2202, test case 2.
        let signature = sign(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signature, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}
