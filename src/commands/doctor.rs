//! `readback doctor`: every setting and every credential, checked with reads only.

use std::{fmt::Display, process::ExitCode};

use jiff::SignedDuration;
use tokio::runtime::Runtime;

use super::built::{connections, model, policy, webex};
use crate::{
    app::instance,
    cli::{Engine, Out},
    clock::{self, Skew},
    config::{Loaded, Origin, Settings},
};
use readback_cluster::Cluster;
use readback_core::{
    domain::ClusterName,
    policy::{Approval, Policy, Unapprovable},
};
use readback_webex::{
    Webex,
    hooks::{self, Instance},
    tls,
    wire::Webhook,
};

/// One check and its result.
struct Finding {
    what: String,
    result: Result<String, String>,
}

pub(super) fn run(loaded: &Loaded, out: &mut Out) -> anyhow::Result<ExitCode> {
    tls::install_ring();
    let width = loaded.effective.iter().map(|setting| setting.name.len()).max().unwrap_or(0);
    for setting in &loaded.effective {
        out.line(format_args!("{:width$}  {}  ({})", setting.name, setting.value, origin(&setting.origin)))?;
    }
    out.line("")?;
    for warning in &loaded.warnings {
        out.line(format_args!("note     {warning}"))?;
    }
    let mut findings: Vec<Finding> = loaded
        .missing
        .iter()
        .map(|problem| Finding { what: "settings".into(), result: Err(problem.to_string()) })
        .collect();
    findings.push(found(
        "model",
        model(loaded.settings.model.as_deref(), Engine::Candle)
            .map(|model| format!("{:.1} % of held-out messages read exactly", model.manifest().scores.exact * 100.0)),
    ));
    let policy = policy(&loaded.settings.policy);
    if let (Ok(policy), Ok(clusters)) = (&policy, connections(&loaded.settings)) {
        let names: Vec<ClusterName> = clusters.into_iter().map(|(connection, _)| connection.name).collect();
        findings.extend(rooms_without_cluster(policy, &names));
    }
    if let Ok(policy) = &policy {
        findings.extend(policy.unapprovable().iter().map(|place| never_approved("policy", place)));
    }
    findings.push(found("policy", policy.as_ref().map(Policy::summary).map_err(|error| format!("{error:#}"))));
    findings.extend(Runtime::new()?.block_on(remote(&loaded.settings, policy.as_ref().ok())));
    for finding in &findings {
        match &finding.result {
            Ok(detail) => out.line(format_args!("ok       {}: {detail}", finding.what))?,
            Err(why) => out.line(format_args!("FAILED   {}: {why}", finding.what))?,
        }
    }
    Ok(if findings.iter().all(|finding| finding.result.is_ok()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "flag".to_owned(),
        Origin::Variable(name) => format!("variable {name}"),
        Origin::File => "file".to_owned(),
        Origin::Default => "default".to_owned(),
    }
}

fn found(what: &str, result: Result<String, impl Display>) -> Finding {
    // The alternate form of an error includes its causes.
    Finding { what: what.to_owned(), result: result.map_err(|error| format!("{error:#}")) }
}

/// The rooms whose default cluster is not among the clusters.
fn rooms_without_cluster(policy: &Policy, clusters: &[ClusterName]) -> Vec<Finding> {
    let known = clusters.iter().map(ClusterName::as_str).collect::<Vec<_>>().join(", ");
    let finding = |(room, cluster): (&str, &ClusterName)| Finding {
        what: format!("policy: room {room}"),
        result: Err(format!("its cluster {cluster} is none of those in the settings ({known}); its orders ask first")),
    };
    policy.homes().filter(|(_, cluster)| !clusters.contains(cluster)).map(finding).collect()
}

/// A place in which some orders can never be approved.
fn never_approved(what: &str, place: &Unapprovable) -> Finding {
    let who = match &place.approval {
        Approval::Own => "the person who ordered it".to_owned(),
        Approval::Other => "somebody else who may do the same".to_owned(),
        Approval::Named { people, count } => format!("{count} of {}", people.join(", ")),
    };
    Finding {
        what: format!("{what}: place {}", place.namespaces.join(", ")),
        result: Err(format!(
            "“{}” needs the approval of {who} there, and when it is ordered by {} nobody can give it",
            place.verb.as_str(),
            place.orders_of.join(", or by ")
        )),
    }
}

/// The rooms that the policy names, if the bot is in them: each with the places in which orders can never be approved there.
async fn approvers_of_rooms(client: &Webex, policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for room in policy.rooms() {
        match client.members(room).await {
            Ok(Some(members)) => {
                let never = policy.unapprovable_in(room, &members);
                findings.extend(never.iter().map(|place| never_approved(&format!("room {room}"), place)));
            }
            Ok(None) => {}
            Err(error) => findings.push(found(&format!("room {room}"), Err::<String, _>(error))),
        }
    }
    findings
}

/// The checks that need Webex and the cluster.
async fn remote(settings: &Settings, policy: Option<&Policy>) -> Vec<Finding> {
    let mut findings = room(settings, policy).await;
    if settings.cluster.source.is_none() {
        return findings;
    }
    let clusters = match connections(settings) {
        Ok(clusters) => clusters,
        Err(error) => {
            findings.push(found("cluster", Err::<String, _>(error)));
            return findings;
        }
    };
    for (connection, _) in clusters {
        let name = connection.name.clone();
        match Cluster::connect(connection).await {
            Ok(cluster) => findings.extend(cluster.check().await.into_iter().map(|check| Finding {
                what: format!("cluster {name}: {}", check.what),
                result: if check.ok { Ok(check.detail) } else { Err(check.detail) },
            })),
            Err(error) => findings.push(found(&format!("cluster {name}"), Err::<String, _>(error))),
        }
    }
    findings
}

async fn room(settings: &Settings, policy: Option<&Policy>) -> Vec<Finding> {
    if settings.webex.token.is_none() {
        return Vec::new();
    }
    let client = webex(settings).and_then(|settings| Webex::new(settings).map_err(anyhow::Error::from));
    let client = match client {
        Ok(client) => client,
        Err(error) => return vec![found("Webex", Err::<String, _>(error))],
    };
    let me = client.me().await.map(|me| {
        if me.is_bot {
            format!("the token is {}'s", me.name)
        } else {
            format!("the token is {}'s, who is a person and no bot", me.name)
        }
    });
    let mut findings = vec![found("Webex token", me)];
    findings.extend(clock::skew().map(clock_of));
    if let Some(policy) = policy {
        findings.extend(approvers_of_rooms(&client, policy).await);
    }
    if let Some(url) = &settings.server.public_url {
        // Without a known identity, a webhook of another process shows by its address only.
        let own = instance::known(&settings.database).ok().flatten();
        let result = match client.webhooks().await {
            Ok(hooks) => webhooks(&hooks, url, own.as_ref()),
            Err(error) => Err(error.to_string()),
        };
        findings.push(Finding { what: "Webex webhooks".to_owned(), result });
    }
    findings
}

/// Whether the wall clock, ahead of Webex's by this, is right.
fn clock_of(ahead: SignedDuration) -> Finding {
    let result = match Skew::of(ahead) {
        Some(skew) => Err(skew.to_string()),
        None => Ok(format!("within {} s of Webex's", ahead.abs().as_secs() + 1)),
    };
    Finding { what: "clock".to_owned(), result }
}

/// Whether the bot's webhooks deliver to this bot, and to no other one.
fn webhooks(existing: &[Webhook], public_url: &str, own: Option<&Instance>) -> Result<String, String> {
    let target = hooks::target_url(public_url);
    let rivals: Vec<_> = hooks::rivals(existing, &target, own).iter().map(ToString::to_string).collect();
    if !rivals.is_empty() {
        return Err(format!(
            "another readback uses this bot's token and receives its messages: {}; the next start of serve takes them over",
            rivals.join("; ")
        ));
    }
    let active = existing.iter().filter(|hook| hook.target_url == target && hook.status.as_deref() != Some("inactive"));
    Ok(format!("{} of 2 active at {public_url} (serve creates and repairs them)", active.count()))
}

#[cfg(test)]
mod tests {
    use readback_core::policy::Limits;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_clock_is_a_finding() {
        assert_eq!(clock_of(SignedDuration::from_millis(-700)).result, Ok("within 1 s of Webex's".to_owned()));
        let why = clock_of(SignedDuration::from_secs(-3600)).result.unwrap_err();
        assert!(why.starts_with("the clock of this machine is 1h behind Webex's"), "{why}");
    }

    #[test]
    fn the_webhooks_of_another_process_are_a_finding() {
        let hook = |name: &str, url: &str, status: &str| -> Webhook {
            serde_json::from_value(json!({ "id": "Y2lz", "name": name, "targetUrl": url, "status": status })).unwrap()
        };
        let own = Instance::parse("0000000a").unwrap();
        let here = "https://here.example/webex";
        let ours = [hook("readback messages 0000000a", here, "active"), hook("readback cards", here, "inactive")];
        let found = webhooks(&ours, "https://here.example/", Some(&own));
        assert!(found.unwrap().starts_with("1 of 2 active"));
        let others =
            [hook("readback messages 0000000b", here, "active"), hook("a name", "https://x.example/", "active")];
        let found = webhooks(&others, "https://here.example", Some(&own)).unwrap_err();
        assert!(found.contains("instance 0000000b at https://here.example/webex"), "{found}");
        assert!(webhooks(&others, "https://here.example", None).is_ok(), "the address alone does not tell");
        let elsewhere = [hook("readback cards", "https://there.example/webex", "active")];
        let found = webhooks(&elsewhere, "https://here.example", None).unwrap_err();
        assert!(found.contains("an earlier version at https://there.example/webex"), "{found}");
    }

    #[test]
    fn a_place_whose_changes_nobody_can_approve_is_named() {
        let text = "[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"scale\"]\n[[place]]\nnamespaces = [\"prod\"]\napprovers = \"other\"\n";
        let places = Policy::parse(text, &Limits::default()).unwrap().unapprovable();
        let [place] = places.as_slice() else { panic!("{places:?}") };
        let finding = never_approved("policy", place);
        assert_eq!(finding.what, "policy: place prod");
        let why = "“scale” needs the approval of somebody else who may do the same there, and when it is ordered by ann@example.com nobody can give it";
        assert_eq!(finding.result, Err(why.to_owned()));
    }

    #[test]
    fn a_room_whose_cluster_is_gone_is_named() {
        let text = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n[[room]]\nid = \"Y2lzY29zcGFyazovL3VzL1JPT00vb25l\"\ncluster = \"us\"\n[[room]]\nid = \"Y2lzY29zcGFyazovL3VzL1JPT00vdHdv\"\ncluster = \"eu\"\n";
        let policy = Policy::parse(text, &Limits::default()).unwrap();
        let clusters = ["main", "eu"].map(|name| ClusterName::parse(name).unwrap());
        let findings = rooms_without_cluster(&policy, &clusters);
        let [finding] = findings.as_slice() else { panic!("{} findings", findings.len()) };
        assert_eq!(finding.what, "policy: room Y2lzY29zcGFyazovL3VzL1JPT00vb25l");
        let why = "its cluster us is none of those in the settings (main, eu); its orders ask first";
        assert_eq!(finding.result, Err(why.to_owned()));
    }
}
