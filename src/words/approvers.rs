//! Who can give the approval that a request waits for, and what can be done where nobody can.

use super::{clock, or, plain, title, title_of_all};
use crate::danger::Verb;
use readback_core::{
    change::{Change, ChangeRequest},
    domain::Person,
};
use readback_webex::escape_markdown;

/// Maximum people who are mentioned.
const MENTIONED: usize = 3;

/// Who can give the approval that a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approvers {
    /// These members of the room: at least as many as are needed.
    Here(Vec<Person>),
    /// These members of the room are too few.
    TooFewHere {
        /// The members.
        here: Vec<Person>,
        /// The addresses and domains that the policy names.
        named: Vec<String>,
    },
    /// Who is in the room is not known. The policy names these addresses and domains.
    Unseen(Vec<String>),
}

/// Why nobody can ever give the approval that an order needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoApproval {
    /// It is ordered in a direct room. The policy names these addresses and domains.
    Direct(Vec<String>),
    /// The policy names too few people beside the requester: these.
    TooFew(Vec<String>),
}

/// Whether approvers are told of a request for the first time, or reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Its card was just posted.
    First,
    /// It still waits.
    Reminder,
}

/// A mention of a person, which notifies them.
pub fn mention(id: &str, name: &str) -> String {
    format!("<@personId:{id}|{}>", escape_markdown(name))
}

/// Asks the approvers for their approval; `None` if there is nothing to say. `needed` is how many approvals are missing.
pub fn call_for_approval(request: &ChangeRequest, approvers: &Approvers, needed: usize, call: Call) -> Option<String> {
    let order = request.first().order();
    let (whose, until) = (escape_markdown(&order.requester.name), clock(order.expires));
    let still = match call {
        Call::First => "",
        Call::Reminder => "still ",
    };
    let asks = |whom: &str, of: &str| {
        format!(
            "{whom} {whose}'s order {still}waits for {of}: {} Confirm and Cancel are on its card, which is valid until {until}.",
            asked(request)
        )
    };
    match (approvers, call) {
        (Approvers::Here(people), _) => {
            let whom = people.iter().take(MENTIONED).map(|one| mention(&one.id, &one.name)).collect::<Vec<_>>();
            Some(asks(&whom.join(" "), &approval_of(whom.len(), people.len(), needed)))
        }
        (Approvers::Unseen(named), _) => {
            let people: Vec<&String> = named.iter().filter(|one| !one.starts_with('@')).collect();
            let whom =
                people.iter().take(MENTIONED).map(|one| format!("<@personEmail:{one}|{one}>")).collect::<Vec<_>>();
            if whom.is_empty() {
                return Some(format!(
                    "{whose}'s order {still}waits for the approval of {}: {} Its card is valid until {until}.",
                    called(named),
                    asked(request)
                ));
            }
            Some(asks(&whom.join(" "), &approval_of(whom.len(), named.len(), needed)))
        }
        (Approvers::TooFewHere { here, named }, Call::First) => {
            let seen = match (here.as_slice(), needed) {
                ([], 1) => "I see nobody in this room who can approve this.".to_owned(),
                ([], _) => format!("This needs {needed} approvals, and I see nobody in this room who can give one."),
                (some, _) => {
                    let names: Vec<String> = some.iter().map(|one| mention(&one.id, &one.name)).collect();
                    format!(
                        "This needs {needed} approvals, and in this room I see only {} who can give one.",
                        super::and(&names)
                    )
                }
            };
            Some(format!(
                "{} {seen} {} can: add them to this room before {until}, or order it in a room that they are in.",
                mention(&order.requester.person_id, &order.requester.name),
                called(named)
            ))
        }
        (Approvers::TooFewHere { .. }, Call::Reminder) => None,
    }
}

/// The answer to an order that nobody could ever approve.
pub fn nobody_can_approve(change: &Change, why: &NoApproval) -> String {
    let order = change.order();
    let needs = match order.approval.count() {
        1 => "somebody else's approval".to_owned(),
        count => format!("{count} approvals of others"),
    };
    let subject = format!("A change of {} needs {needs}", order.called());
    match why {
        NoApproval::Direct(named) => format!(
            "{subject}, and in a direct room nobody else can give it. Order it in a room that {} is in. Nothing was done.",
            called(named)
        ),
        NoApproval::TooFew(named) if named.is_empty() => format!(
            "{subject}, and the policy names nobody else who can give it. Whoever runs me can name somebody. Nothing was done."
        ),
        NoApproval::TooFew(named) => format!(
            "{subject}, and apart from you the policy names only {}. Whoever runs me can name more people. Nothing was done.",
            super::and(&named.iter().map(|one| person_or_domain(one)).collect::<Vec<_>>())
        ),
    }
}

/// Of whom an approval is needed: `shown` people are mentioned, of so many who can give it.
fn approval_of(shown: usize, all: usize, needed: usize) -> String {
    let others = match all.saturating_sub(shown) {
        0 => String::new(),
        1 => " or 1 other".to_owned(),
        more => format!(" or {more} others"),
    };
    match (all, needed) {
        (1, _) => "your approval".to_owned(),
        (_, 1) => format!("the approval of one of you{others}"),
        (_, _) => format!("the approval of {needed} of you{others}"),
    }
}

/// What is asked, as on its card.
fn asked(request: &ChangeRequest) -> String {
    if let Some(change) = request.single() {
        return title(Verb::of(change.order()), change.target().name.as_str());
    }
    let of: std::collections::BTreeSet<_> = request.items().map(Change::target).collect();
    title_of_all(&Verb::of_all(request.items().map(Change::order)), of.len())
}

/// The first of these people: "a, b or people of `example.com`".
fn called(named: &[String]) -> String {
    let mut shown: Vec<String> = named.iter().take(MENTIONED).map(|one| person_or_domain(one)).collect();
    match named.len().saturating_sub(shown.len()) {
        0 if shown.is_empty() => "somebody whom the policy lets approve it".to_owned(),
        0 => or(&shown),
        more => {
            shown.push(format!("{more} more"));
            or(&shown)
        }
    }
}

fn person_or_domain(entry: &str) -> String {
    match entry.strip_prefix('@') {
        Some(domain) => format!("somebody of `{}`", plain(domain)),
        None => escape_markdown(entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::change::samples::order;

    fn person(name: &str) -> Person {
        Person { id: name.to_lowercase(), emails: Vec::new(), name: name.into(), is_bot: false }
    }

    fn said(approvers: &Approvers, needed: usize, call: Call) -> Option<String> {
        let request = Change::asking(order()).expect("fit").into();
        call_for_approval(&request, approvers, needed, call)
    }

    #[test]
    fn at_most_three_are_mentioned_and_the_others_are_counted() {
        let people = ["Bo", "Mei", "Omar", "Ines", "Zoe"].map(person);
        for (first, needed, starts) in [
            (1, 1, "<@personId:bo|Bo> ann's order waits for your approval: "),
            (2, 1, "<@personId:bo|Bo> <@personId:mei|Mei> ann's order waits for the approval of one of you: "),
            (2, 2, "<@personId:bo|Bo> <@personId:mei|Mei> ann's order waits for the approval of 2 of you: "),
        ] {
            let text = said(&Approvers::Here(people[..first].to_vec()), needed, Call::First).expect("said");
            assert!(text.starts_with(starts), "{text}");
        }
        let text = said(&Approvers::Here(people.to_vec()), 1, Call::Reminder).expect("said");
        assert!(
            text.contains("<@personId:omar|Omar> ann's order still waits for the approval of one of you or 2 others: ")
        );
        assert!(!text.contains("Ines"), "{text}");
    }

    #[test]
    fn an_address_is_mentioned_where_nothing_else_is_known_and_a_domain_is_named() {
        let text = said(&Approvers::Unseen(vec!["bo@example.com".into()]), 1, Call::First).expect("said");
        assert!(text.starts_with("<@personEmail:bo@example.com|bo@example.com> ann's order waits for your approval: "));
        let text = said(&Approvers::Unseen(vec!["@example.com".into()]), 1, Call::First).expect("said");
        assert!(text.starts_with("ann's order waits for the approval of somebody of `example.com`: "), "{text}");
    }

    #[test]
    fn where_nobody_is_there_it_is_said_once() {
        let nobody = Approvers::TooFewHere { here: Vec::new(), named: vec!["mei@example.com".into()] };
        let text = said(&nobody, 1, Call::First).expect("said");
        assert!(text.contains("I see nobody in this room who can approve this. mei@example.com can: add"), "{text}");
        assert_eq!(said(&nobody, 1, Call::Reminder), None);
    }
}
