//! The two plain forms that people know from rigid bots: "scale web to 3" and "deploy nginx:1.21 to web". They are read
//! literally, without the model, if the name is live.

use super::{stop_words::is_stop_word, tokenise::Word};
use readback_core::domain::{Amount, ImageChange, Intent, Score};
use readback_core::{
    command::{Command, Mention},
    gazetteer::Hint,
};

/// Parses a message that is exactly one of the plain forms, apart from a full stop or exclamation mark at its end.
pub fn read(words: &[Word<'_>], hints: &[Hint]) -> Option<Command> {
    let end = words.iter().rposition(|word| !matches!(word.text, "." | "!"))? + 1;
    let [verb, what, to, last] = &words[..end] else { return None };
    if !to.text.eq_ignore_ascii_case("to") {
        return None;
    }
    // Only a whole name that is not a stop word. Part of a name is left to the model.
    let live = |at: usize| {
        hints.get(at) == Some(&Hint::Name)
            && hints.get(at + 1) != Some(&Hint::NameGoesOn)
            && !is_stop_word(&words[at].lower())
    };
    let name = |word: &Word<'_>| Some(Mention::new(word.text.to_owned(), !word.text.is_ascii()));
    match verb.lower().as_str() {
        "scale" if live(1) => {
            let replicas = last.text.parse().ok().filter(|n| i32::try_from(*n).is_ok()).map(Amount::To)?;
            let scale = Command::new(Intent::Scale, Score::ONE);
            Some(Command { deployment: name(what), replicas: Some(replicas), ..scale })
        }
        "deploy" if live(3) && what.text.contains(':') => match ImageChange::parse(what.text) {
            Ok(image @ ImageChange::Reference(_)) => {
                let set_image = Command::new(Intent::SetImage, Score::ONE);
                Some(Command { deployment: name(last), image: Some(image), ..set_image })
            }
            Ok(ImageChange::Tag(_) | ImageChange::Digest(_)) | Err(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenise::words;
    use readback_core::gazetteer::Gazetteer;

    fn reads(text: &str) -> Option<Command> {
        let live = Gazetteer::new(
            ["nginx-deployment", "web", "sign-up", "catch-all", "test-deployment", "up", "check-out"],
            [],
            [],
        );
        let words = words(text);
        read(&words, &live.hints(words.iter().map(|word| word.text)))
    }

    #[test]
    fn both_forms_mean_what_they_say() {
        let scale = reads("Scale nginx-deployment to 3").expect("plain");
        assert_eq!((scale.intent, scale.replicas), (Intent::Scale, Some(Amount::To(3))));
        let deploy = reads("deploy reg:5000/team/web:1.21 to web.").expect("plain");
        assert_eq!(deploy.image, Some(ImageChange::Reference("reg:5000/team/web:1.21".into())));
        assert_eq!(deploy.deployment.map(|name| name.words), Some("web".into()));
    }

    #[test]
    fn a_name_counts_whole_or_folded_and_never_by_a_part() {
        for (text, name) in [
            ("scale sign-up to 5", "sign-up"),
            ("scale catch-all to 3", "catch-all"),
            ("scale checkout to 3", "checkout"),
            ("scale Check_Out to 3", "Check_Out"),
            ("deploy reg:5000/team/web:1.21 to test-deployment", "test-deployment"),
        ] {
            assert_eq!(
                reads(text).and_then(|read| read.deployment).map(|name| name.words).as_deref(),
                Some(name),
                "{text}"
            );
        }
        for text in [
            "scale up to 5",
            "scale all to 3",
            "scale deployment to 5",
            "scale sign to 5",
            "scale nginx to 5",
            "scale out to 5",
            "scale it to 5",
            "deploy reg:5000/team/web:1.21 to deployment",
        ] {
            assert_eq!(reads(text), None, "{text}");
        }
    }

    #[test]
    fn whatever_is_more_or_less_than_that_is_left_to_the_model() {
        for text in [
            "scale web up 3",
            "scale web to three",
            "scale web to 3abc",
            "scale web to -3",
            "scale nothing to 3",
            "scale everything to 3",
            "deploy web to staging",
            "deploy nginx:1.21 to kafka",
            "don't scale web to 3",
            "scale web to 3 tomorrow",
            "scale web to 3?",
            "scale web to 99999999999",
            "",
        ] {
            assert_eq!(reads(text), None, "{text}");
        }
    }
}
