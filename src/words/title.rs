//! The titles of cards that ask.

use crate::danger::Verb;

/// The question about one Deployment.
pub fn title(verb: Verb, name: &str) -> String {
    format!("{}?", action(verb, &format!("`{name}`")))
}

/// The question about several changes, of this many Deployments.
pub fn title_of_several(verb: Verb, deployments: usize) -> String {
    format!("{}?", action_on_several(verb, deployments))
}

/// What is asked about one Deployment.
pub fn action(verb: Verb, name: &str) -> String {
    match verb {
        Verb::Undo => format!("Undo a change of {name}"),
        Verb::MakeAgain => format!("Recreate {name}"),
        Verb::Delete => format!("Delete {name}"),
        Verb::Stop => format!("Stop {name}"),
        Verb::ScaleTo(from, to) => format!("Scale {name} {from} → {to}"),
        Verb::Scale => format!("Scale {name}"),
        Verb::NewImage => format!("New image for {name}"),
        Verb::Restart => format!("Restart {name}"),
        Verb::RollBack => format!("Roll back {name}"),
        Verb::Pause => format!("Pause rollouts of {name}"),
        Verb::Resume => format!("Resume rollouts of {name}"),
        Verb::Autoscale => format!("Autoscale {name}"),
        Verb::Change => format!("Change {name}"),
    }
}

/// What is asked about several changes, of this many Deployments.
pub fn action_on_several(verb: Verb, deployments: usize) -> String {
    let of = count(deployments, "Deployment");
    match verb {
        Verb::Undo => format!("Undo changes of {of}"),
        Verb::MakeAgain => format!("Recreate {of}"),
        Verb::Delete => format!("Delete {of}"),
        Verb::Stop => format!("Stop {of}"),
        Verb::ScaleTo(..) | Verb::Scale => format!("Scale {of}"),
        Verb::NewImage => format!("New {} for {of}", if deployments == 1 { "image" } else { "images" }),
        Verb::Restart => format!("Restart {of}"),
        Verb::RollBack => format!("Roll back {of}"),
        Verb::Pause => format!("Pause rollouts of {of}"),
        Verb::Resume => format!("Resume rollouts of {of}"),
        Verb::Autoscale => format!("Autoscale {of}"),
        Verb::Change => format!("Change {of}"),
    }
}

/// The question about several changes of this many Deployments, whose verbs these are, the gravest first: "Delete 1
/// Deployment, and 2 other changes?"
pub fn title_of_all(verbs: &[(Verb, usize)], deployments: usize) -> String {
    match verbs {
        [] => title_of_several(Verb::Change, deployments),
        [(verb, _)] => title_of_several(*verb, deployments),
        [(gravest, of), others @ ..] => {
            let others: usize = others.iter().map(|(_, of)| of).sum();
            let title = title_of_several(*gravest, *of);
            format!("{}, and {}?", title.trim_end_matches('?'), count(others, "other change"))
        }
    }
}

/// How many there are: `1 Deployment`, `2 Deployments`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use readback_core::policy::{Caution, Reason};

    use super::*;
    use crate::words::reason_on_card;

    #[test]
    fn one_is_singular() {
        assert_eq!(title_of_several(Verb::Restart, 1), "Restart 1 Deployment?");
        assert_eq!(title_of_several(Verb::Restart, 2), "Restart 2 Deployments?");
        let mixed = [(Verb::Delete, 1), (Verb::Scale, 2)];
        assert_eq!(title_of_all(&mixed, 3), "Delete 1 Deployment, and 2 other changes?");
        assert_eq!(title_of_all(&mixed[..1], 1), "Delete 1 Deployment?");
        assert_eq!(title(Verb::ScaleTo(2, 4), "web"), "Scale `web` 2 → 4?");
    }

    proptest! {
        #[test]
        fn a_card_says_how_many_it_changes_however_many_were_named(named in 2_usize..200, on_card in 1_usize..200) {
            let said = reason_on_card(&Reason::Caution(Caution::SeveralDeployments(named)), on_card);
            if on_card == 1 {
                prop_assert_eq!(said, format!("The order named {named} Deployments; this card changes 1 of them."));
            } else {
                prop_assert_eq!(said, format!("This changes {on_card} Deployments."));
            }
        }
    }
}
