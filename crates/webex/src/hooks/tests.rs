//! Every deviation of a webhook, and its repair.

use super::*;
use crate::wire::Webhook;

const TARGET: &str = "https://bot.example/base/webex";

fn own() -> Instance {
    Instance::of(0xa)
}

fn wanted() -> Wanted {
    Wanted::new("https://bot.example/base/", "s3cret".into(), own()).unwrap()
}

fn found(id: &str, hook: Hook) -> Webhook {
    Webhook {
        id: id.to_owned(),
        name: hook.name(&own()),
        target_url: TARGET.to_owned(),
        resource: hook.resource().to_owned(),
        event: "created".to_owned(),
        filter: None,
        status: Some("active".to_owned()),
        secret: Some("s3cret".into()),
    }
}

fn update(id: &str) -> Vec<Step> {
    vec![Step::Update(Hook::Messages, id.to_owned())]
}

fn replace(id: &str) -> Vec<Step> {
    vec![Step::Delete(Hook::Messages, id.to_owned()), Step::Create(Hook::Messages)]
}

#[test]
fn each_deviation_has_its_repair() {
    type Change = fn(&mut Webhook);
    let table: [(&str, Change, Vec<Step>); 13] = [
        ("nothing", |_| {}, vec![]),
        ("address", |w| w.target_url = "https://old.example/webex".into(), update("m")),
        ("secret", |w| w.secret = Some("old".into()), update("m")),
        ("secret not shown", |w| w.secret = None, update("m")),
        ("inactive", |w| w.status = Some("inactive".into()), update("m")),
        ("status not shown", |w| w.status = None, vec![]),
        ("empty filter", |w| w.filter = Some(String::new()), vec![]),
        ("filter", |w| w.filter = Some("roomId=R".into()), replace("m")),
        ("resource", |w| w.resource = "rooms".into(), replace("m")),
        ("event", |w| w.event = "all".into(), replace("m")),
        ("registered by an earlier version", |w| w.name = "readback messages".into(), update("m")),
        ("registered by another instance", |w| w.name = "readback messages 0000000b".into(), update("m")),
        ("name", |w| w.name = "somebody's messages".into(), vec![Step::Create(Hook::Messages)]),
    ];
    for (what, change, steps) in table {
        let mut messages = found("m", Hook::Messages);
        change(&mut messages);
        assert_eq!(plan(&[messages, found("c", Hook::Cards)], &wanted()), steps, "{what}");
    }
}

#[test]
fn both_are_created_on_a_fresh_account() {
    assert_eq!(plan(&[], &wanted()), [Step::Create(Hook::Messages), Step::Create(Hook::Cards)]);
}

#[test]
fn the_best_of_several_own_webhooks_is_kept_and_foreign_ones_are_not_touched() {
    let mut wrong = found("m1", Hook::Messages);
    wrong.event = "all".to_owned();
    let mut old = found("m2", Hook::Messages);
    old.target_url = "https://old.example/webex".to_owned();
    let mut foreign = found("x", Hook::Messages);
    foreign.name = "readback messages of another kind".to_owned();
    let all = [wrong, old, found("m3", Hook::Messages), found("c", Hook::Cards), foreign];
    let delete = |id: &str| Step::Delete(Hook::Messages, id.to_owned());
    assert_eq!(plan(&all, &wanted()), [delete("m1"), delete("m2")]);
    assert_eq!(plan(&all[..2], &wanted())[..2], [delete("m1"), Step::Update(Hook::Messages, "m2".to_owned())]);
}

#[test]
fn a_wrong_address_or_no_secret_is_refused() {
    for url in ["bot.example", "ftp://bot.example", "https://u:p@bot.example", "https://bot.example/?a=b", ""] {
        assert_eq!(Wanted::new(url, "s".into(), own()).unwrap_err(), BadHook::PublicUrl, "{url}");
    }
    assert_eq!(Wanted::new("https://bot.example", "".into(), own()).unwrap_err(), BadHook::NoSecret);
    assert_eq!(wanted().target_url(), TARGET);
    assert!(!format!("{:?}", wanted()).contains("s3cret"));
}

#[test]
fn a_rival_is_active_and_has_another_instance_or_another_address() {
    type Change = fn(&mut Webhook);
    let table: [(&str, Change, bool, bool); 7] = [
        ("ours", |_| {}, false, false),
        ("of an earlier version at our address", |w| w.name = "readback messages".into(), false, false),
        (
            "of an earlier version elsewhere",
            |w| {
                (w.name, w.target_url) = ("readback messages".into(), "https://old.example/webex".into());
            },
            true,
            true,
        ),
        ("of another instance at our address", |w| w.name = "readback messages 0000000b".into(), true, false),
        ("of a copy of our database", |w| w.target_url = "https://copy.example/webex".into(), true, true),
        (
            "inactive",
            |w| {
                (w.name, w.status) = ("readback messages 0000000b".into(), Some("inactive".into()));
            },
            false,
            false,
        ),
        (
            "of another program",
            |w| {
                (w.name, w.target_url) = ("readback messages of mine".into(), "https://x.example/".into());
            },
            false,
            false,
        ),
    ];
    for (what, change, with_own, by_address) in table {
        let mut messages = found("m", Hook::Messages);
        change(&mut messages);
        let all = [messages, found("c", Hook::Cards)];
        assert_eq!(!rivals(&all, TARGET, Some(&own())).is_empty(), with_own, "{what}");
        assert_eq!(!rivals(&all, TARGET, None).is_empty(), by_address, "{what}, without the own instance");
    }
    let two = ["readback messages 0000000b", "readback cards 0000000b"]
        .map(|name| Webhook { name: name.to_owned(), ..found("x", Hook::Messages) });
    let named = rivals(&two, TARGET, Some(&own()));
    assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), [format!("instance 0000000b at {TARGET}")]);
}

#[test]
fn an_instance_is_eight_digits() {
    assert_eq!(Instance::parse("0000000a"), Some(own()));
    for bad in ["", "0000000", "0000000A", "0000000g", "000000000", "0000 00a"] {
        assert_eq!(Instance::parse(bad), None, "{bad}");
    }
}
