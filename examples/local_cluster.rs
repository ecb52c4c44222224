//! Runs the local cluster of the demo alone, for a look at it with kubectl, until Ctrl-C.
//! The first argument is the file for its kubeconfig.

use anyhow::Context;
use jiff::Timestamp;
use readback_sim::cluster::{LocalCluster, Seed, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[expect(clippy::disallowed_methods, reason = "an example has no clock of its own")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1).context("name the file for the kubeconfig")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let cluster = LocalCluster::on(&listener)?;
    std::fs::write(&file, cluster.kubeconfig("default"))?;
    let stop = CancellationToken::new();
    let served = serve(listener, &cluster, Seed::demo(), now, stop.clone());
    tokio::select! {
        served = served => served,
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}
