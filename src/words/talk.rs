//! The answer to a message that orders and asks nothing.

use super::{doubt::orders_nothing, sentences};
use readback_core::{command::Sign, policy::Reason};
use readback_nlu::short::talk::{Feature, OtherKind, Talk};

/// The answer to a message that orders nothing, by what it is and why it was read so; `None` for small talk.
pub fn ignored(talk: Talk, reasons: &[Reason]) -> Option<String> {
    let unexplained = reasons.iter().all(|reason| *reason == Reason::NothingOrdered);
    if unexplained { answer(talk) } else { Some(sentences(reasons).join(" ")) }
}

fn answer(talk: Talk) -> Option<String> {
    Some(match talk {
        Talk::SmallTalk => return None,
        Talk::Greeting => "Hello. Say what should change, for example “scale web to 3”, or “help”.".to_owned(),
        Talk::WhoAreYou => {
            "I am a bot: I look at and change Deployments when you ask in plain words. Say “help” for examples."
                .to_owned()
        }
        Talk::AreYouThere => "I am here. Say “help” for examples.".to_owned(),
        Talk::Version => format!("I am readback {}.", env!("CARGO_PKG_VERSION")),
        Talk::LoneNumber => "I do not know what this number is for. Nothing was done; say it in full.".to_owned(),
        Talk::OtherLanguage => "I understand English only. Nothing was done; say it like “scale web to 3”.".to_owned(),
        Talk::Rehearsal => {
            "I don't do trial runs: nothing was done. I ask on a card before anything that is destructive or in doubt."
                .to_owned()
        }
        Talk::Hypothesis => {
            "I read that as a “what if”, so nothing was done. Say it as an order if you want it.".to_owned()
        }
        Talk::Later => "I don't schedule, so nothing was done. Say it again when the time has come.".to_owned(),
        Talk::Hearsay => orders_nothing(Sign::Hearsay).to_owned(),
        Talk::Report => "I read that as a report, so nothing was done.".to_owned(),
        Talk::OtherKind(kind) => other_kind(kind),
        Talk::NotOffered(feature) => format!(
            "I don't change {}: nothing was done. Of a Deployment I change the replicas, the image, the rollout and the autoscaler.",
            feature_name(feature)
        ),
        Talk::Unknown => "I found no order or question for me there. Say “help” for examples.".to_owned(),
    })
}

fn other_kind(kind: OtherKind) -> String {
    let what = match kind {
        OtherKind::Node => "Nodes",
        OtherKind::Pod => return "I don't change single pods: nothing was done. “restart” with the name of the Deployment replaces all of its pods.".to_owned(),
        OtherKind::Secret => "Secrets",
        OtherKind::ConfigMap => "ConfigMaps",
        OtherKind::StatefulSet => "StatefulSets",
        OtherKind::DaemonSet => "DaemonSets",
        OtherKind::Job => "Jobs",
        OtherKind::Namespace => "Namespaces",
        OtherKind::Network => "Network and DNS",
        OtherKind::Volume => "Volumes",
        OtherKind::Access => "Roles and accounts",
        OtherKind::Repository => "Repositories and pipelines",
        OtherKind::Ticket => "Tickets",
        OtherKind::New => return "I create nothing new: nothing was done. I change Deployments that are there.".to_owned(),
    };
    format!("{what} are not my business: nothing was done. I look at and change Deployments only.")
}

const fn feature_name(feature: Feature) -> &'static str {
    match feature {
        Feature::Resources => "memory and CPU",
        Feature::Environment => "environment and arguments",
        Feature::Name => "names",
        Feature::Labels => "labels and annotations",
        Feature::Probes => "probes",
        Feature::Placement => "where pods run",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::command::Doubt;

    #[test]
    fn what_the_reading_knows_comes_first_and_small_talk_needs_no_answer() {
        assert_eq!(ignored(Talk::SmallTalk, &[Reason::NothingOrdered]), None);
        let negated = [Reason::Doubt(Doubt::OrdersNothing(Sign::Negation))];
        assert_eq!(
            ignored(Talk::SmallTalk, &negated).as_deref(),
            Some("I read that as “do not”, so nothing was done.")
        );
    }
}
