use super::*;

#[track_caller]
fn all(wanted: Talk, texts: &[&str]) {
    for text in texts {
        assert_eq!(talk(text, "readback"), wanted, "{text}");
    }
}

#[test]
fn small_talk_and_questions_about_the_bot_are_whole_messages() {
    all(
        Talk::SmallTalk,
        &["thanks!", "thank you so much, that was quick", "ty :)", "cheers mate", "nice one", "brb", "no worries"],
    );
    all(Talk::SmallTalk, &["lunch anyone?", "sorry, wrong channel", "hey thanks", "🎉"]);
    all(Talk::Greeting, &["hi", "good morning everyone", "hey readback", "hello there, how are you?", "", "@readback"]);
    all(Talk::WhoAreYou, &["who are you?", "hi, what are you", "are you a bot?"]);
    all(Talk::AreYouThere, &["are you there?", "readback, are you alive?", "ping"]);
    all(Talk::Version, &["what version are you running?", "Version?"]);
    all(Talk::LoneNumber, &["3", "three"]);
}

#[test]
fn more_than_small_talk_is_no_small_talk() {
    all(
        Talk::Unknown,
        &[
            "thanks but that was wrong",
            "ok do the other thing",
            "who are you going to call",
            "nice try, web is at 3",
            "asdf",
            "oh ok",
            "👍👎",
        ],
    );
}

#[test]
fn what_else_it_is_is_told_by_what_stands_in_it() {
    all(
        Talk::Later,
        &[
            "scale checkout to 4 at 6pm",
            "restart grafana in 10 minutes",
            "restart grafana in an hour",
            "scale web to 3 at 18:00",
        ],
    );
    all(
        Talk::Report,
        &["I scaled web to 4 yesterday", "web dropped to 1 pod", "Bo restarted it", "the deploy went fine"],
    );
    all(Talk::Report, &["my job failed", "the rollout failed again", "restarted web"]);
    all(Talk::Unknown, &["look at the failed rollout of web", "try every stopped one"]);
    all(
        Talk::Hearsay,
        &["Ann said we should scale nginx to 3", "Bo told me to restart grafana", "the docs say: scale web to 3"],
    );
    all(Talk::Hypothesis, &["what if we doubled checkout?"]);
    all(Talk::Rehearsal, &["dry run: scale web to 9", "what would happen if web had 9"]);
    all(Talk::OtherLanguage, &["bitte skaliere web auf 3", "перезапусти графану"]);
    all(Talk::Unknown, &["web needs to be restarted", "scale web to 3", "restart grafana in staging"]);
}

#[test]
fn what_is_no_deployment_is_named() {
    all(Talk::OtherKind(OtherKind::Node), &["drain node-3", "cordon the worker node", "how many nodes are there"]);
    all(Talk::OtherKind(OtherKind::Secret), &["rotate the db password secret"]);
    all(Talk::OtherKind(OtherKind::StatefulSet), &["restart the mysql statefulset"]);
    all(Talk::OtherKind(OtherKind::Pod), &["delete pod web-frontend-abc12"]);
    all(Talk::OtherKind(OtherKind::Namespace), &["create a new namespace called qa"]);
    all(Talk::OtherKind(OtherKind::Network), &["point dns of shop to the new lb"]);
    all(Talk::OtherKind(OtherKind::Repository), &["merge PR 812"]);
    all(Talk::OtherKind(OtherKind::New), &["deploy a new service called billing"]);
    all(Talk::NotOffered(Feature::Resources), &["increase the memory limit of checkout to 2Gi"]);
    all(Talk::NotOffered(Feature::Name), &["rename web-frontend to web"]);
    all(
        Talk::OtherKind(OtherKind::Node),
        &["we need to drain node-3", "can you drain the node", "please drain a node"],
    );
}

#[test]
fn a_word_for_something_else_in_a_statement_explains_nothing() {
    all(
        Talk::Unknown,
        &[
            "that is a red flag",
            "this is a tough job",
            "my branch is ready",
            "web has a red flag",
            "the node is down",
            "it's a secret",
            "our pipeline looks green",
        ],
    );
}

#[test]
fn a_yes_before_something_else_may_be_meant_for_a_card() {
    for text in ["approve the PR", "thanks, approve the PR 812", "drain the node", "thanks"] {
        assert!(is_beside_a_card(text, "readback"), "{text}");
    }
    for text in ["approved, drain the node", "yes; merge PR 812", "approved", "confirm it, and rotate the secret"] {
        assert!(!is_beside_a_card(text, "readback"), "{text}");
    }
}
