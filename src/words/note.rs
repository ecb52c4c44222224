//! What to know before a change is sent: its side effects, and what may override it.

use readback_core::{
    change::{Note, Surrounding, ThenRollout},
    policy::{Autoscaled, Overruled, OwnedField},
};

use super::plain;
use super::{call_error, not_applied_reason};

/// The notes as sentences.
pub fn notes(notes: &[Note]) -> Vec<String> {
    notes.iter().map(note).collect()
}

/// One note as a sentence.
pub fn note(note: &Note) -> String {
    match note {
        Note::SaidOtherwise { said, runs } => format!("You said it runs {}; it runs `{runs}`.", plain(said)),
        Note::AlsoPutsBack { fields } => format!("It also puts back: {}.", fields.join(", ")),
        Note::RevisionCause { revision, cause } => format!("Revision {revision} says of itself: “{cause}”."),
        Note::OnlyTemplate => "Replicas, autoscalers, ConfigMaps and Secrets stay as they are now.".to_owned(),
        Note::PodsEnd => "Its pods end. Services, autoscalers and everything else that belongs to it stay.".to_owned(),
        Note::RevisionsLost => "Undo makes it again as it is now; its earlier revisions are lost.".to_owned(),
        Note::UsualMinimum => "No minimum was said: it is 1, as Kubernetes has it.".to_owned(),
        Note::AutoscalerIdle => "It has 0 replicas: an autoscaler does nothing until it has at least one.".to_owned(),
        Note::ScaledAtOnce { from, to } => {
            let way = if from < to { "up" } else { "down" };
            format!("It has {from} now and goes {way} to {to} at once.")
        }
        Note::NoCpuRequest { containers } => {
            let names = containers.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            format!("No CPU is requested for {names}: without that, a CPU target cannot be computed.")
        }
        Note::Applied { tool, field } => {
            format!("{tool} applies this {}; when it applies again, it puts it back.", owned(*field))
        }
        Note::Autoscaled(autoscaled) => self::autoscaled(autoscaled),
        Note::Budget { name, wanted, replicas } => format!(
            "The disruption budget `{name}` wants {wanted} available: with {replicas}, no node with one of its pods can be drained."
        ),
        Note::ScalesWhilePaused => "It is paused; scaling works all the same.".to_owned(),
        Note::LatestTag => {
            "`latest` is whatever the registry has; a node that has it already may not pull it again.".to_owned()
        }
        Note::DigestDropped => "It was pinned to a digest; the tag is not.".to_owned(),
        Note::OtherRepository { now } => format!("Another repository than now: `{now}`."),
        Note::OlderTag { new, old } => format!("The tag `{new}` is older than `{old}`."),
        Note::Paused => "It is paused: nothing rolls out until somebody resumes it.".to_owned(),
        Note::NoRevisions => "No earlier revision is kept: it could not be rolled back.".to_owned(),
        Note::Recreates => "All pods stop before the new ones start.".to_owned(),
        Note::NoPods => "It has 0 replicas: no pod will run it until somebody scales it up.".to_owned(),
        Note::Queued { pods, of } => format!("{pods} of {of} pods are replaced by what was ordered meanwhile."),
        Note::UnderWay { updated, wanted, then } => {
            let then = match then {
                ThenRollout::GoesOn => "",
                ThenRollout::Stops => "; it stops where it is",
                ThenRollout::StartsAnother => "; this starts another",
            };
            format!("A rollout is under way, {updated} of {wanted} updated{then}.")
        }
        Note::Starting { ready, wanted } => format!("{ready} of {wanted} are ready now."),
        Note::GivenUp { updated, wanted } => {
            format!("Its last rollout was given up by Kubernetes, {updated} of {wanted} updated.")
        }
        Note::NotLookedAt { what, why } => {
            let why = call_error(why);
            let (what, why) = (surrounding(*what), why.trim_end_matches('.'));
            format!("I could not look at {what} ({why}), so I cannot say what they will make of it.")
        }
        Note::NoPreview { why } => super::no_preview(&not_applied_reason(why)),
        Note::PoliciesNotAsked => super::POLICIES_NOT_ASKED.to_owned(),
        Note::Text(sentence) => sentence.clone(),
    }
}

/// Why a change will not last, which is a reason to ask for confirmation.
pub fn overruled(why: &Overruled) -> String {
    match why {
        Overruled::Git { tool, field } => {
            format!("{tool} keeps this {} and will put it back: change it in Git.", owned(*field))
        }
        Overruled::Controller { owner } => format!("It belongs to {owner}, which may put it back."),
        Overruled::Autoscaler(autoscaled) => self::autoscaled(autoscaled),
    }
}

const fn owned(field: OwnedField) -> &'static str {
    match field {
        OwnedField::Replicas => "number of replicas",
        OwnedField::Image => "image",
        OwnedField::Deployment => "Deployment",
    }
}

const fn surrounding(what: Surrounding) -> &'static str {
    match what {
        Surrounding::Autoscalers => "autoscalers",
        Surrounding::Budgets => "disruption budgets",
    }
}

fn autoscaled(autoscaled: &Autoscaled) -> String {
    let Autoscaled { name, keda, min, max, from, to } = autoscaled;
    let kind = if *keda { "KEDA autoscaler" } else { "autoscaler" };
    let whose = format!("The {kind} `{name}`");
    if *to == 0 && *keda {
        format!("{whose} starts it again when its trigger fires.")
    } else if *to == 0 && *min > 0 {
        format!("With 0 replicas the {kind} `{name}` stops, and does not start again by itself.")
    } else if to < min {
        format!("{whose} keeps it between {min} and {max}: it will raise {to} to {min}.")
    } else if to > max {
        format!("{whose} keeps it between {min} and {max}: it will lower {to} to {max}.")
    } else if *from == 0 {
        format!("{whose} starts again with that, and decides between {min} and {max}.")
    } else {
        format!("{whose} decides between {min} and {max}, so {to} may not last.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::change::CallError;

    #[test]
    fn what_an_autoscaler_makes_of_a_number_reads_like_this() {
        let says = |from, to, keda| {
            let name = if keda { "keda-hpa-web" } else { "web" };
            overruled(&Overruled::Autoscaler(Autoscaled { name: name.into(), keda, min: 4, max: 10, from, to }))
        };
        for (told, reads) in [
            (says(3, 3, false), "The autoscaler `web` keeps it between 4 and 10: it will raise 3 to 4."),
            (says(3, 12, false), "The autoscaler `web` keeps it between 4 and 10: it will lower 12 to 10."),
            (says(3, 5, false), "The autoscaler `web` decides between 4 and 10, so 5 may not last."),
            (says(3, 0, false), "With 0 replicas the autoscaler `web` stops, and does not start again by itself."),
            (says(3, 0, true), "The KEDA autoscaler `keda-hpa-web` starts it again when its trigger fires."),
            (says(0, 5, false), "The autoscaler `web` starts again with that, and decides between 4 and 10."),
        ] {
            assert_eq!(told, reads);
        }
        let git = Overruled::Git { tool: "Argo CD".into(), field: OwnedField::Replicas };
        assert_eq!(overruled(&git), "Argo CD keeps this number of replicas and will put it back: change it in Git.");
    }

    #[test]
    fn a_note_is_one_sentence() {
        let not_seen = Note::NotLookedAt { what: Surrounding::Autoscalers, why: CallError::CutShort };
        for (told, reads) in [
            (
                not_seen,
                "I could not look at autoscalers (the API server's answer broke off or was too large), so I cannot say what they will make of it.",
            ),
            (Note::ScaledAtOnce { from: 2, to: 4 }, "It has 2 now and goes up to 4 at once."),
            (Note::ScaledAtOnce { from: 9, to: 4 }, "It has 9 now and goes down to 4 at once."),
            (
                Note::UnderWay { updated: 1, wanted: 3, then: ThenRollout::StartsAnother },
                "A rollout is under way, 1 of 3 updated; this starts another.",
            ),
            (Note::Text("As it stood on record.".into()), "As it stood on record."),
        ] {
            assert_eq!(note(&told), reads);
        }
    }
}
