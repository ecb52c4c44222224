//! Webex ids: which are safe in a path, and when two of them identify the same object.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use uuid::Uuid;

/// Maximum length of an id, in bytes.
pub const LONGEST: usize = 512;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Whether it can be an id: 1 to [`LONGEST`] letters, digits, `-`, `_` or `=`. Such a text is safe in a URL's path.
pub fn is_valid(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='))
}

/// Whether two ids identify the same object. The REST API returns base64 of `ciscospark://…/<uuid>`, other interfaces
/// the bare UUID; ids in neither form are compared literally.
pub fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    matches!((uuid(a), uuid(b)), (Some(a), Some(b)) if a == b)
}

/// One text for all forms of an id: the UUID where it has one, otherwise the id itself.
pub fn canonical(id: &str) -> String {
    uuid(id).map_or_else(|| id.to_owned(), |uuid| uuid.to_string())
}

/// The UUID of an id in either form.
fn uuid(id: &str) -> Option<Uuid> {
    if !is_valid(id) {
        return None;
    }
    if id.len() <= 36
        && let Ok(bare) = Uuid::try_parse(id)
    {
        return Some(bare);
    }
    let decoded = String::from_utf8(LENIENT.decode(id).ok()?).ok()?;
    let path = decoded.strip_prefix("ciscospark://")?;
    Uuid::try_parse(path.rsplit('/').next()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RAW: &str = "f5b36187-c8dd-4727-8b2f-f9c447f29046";
    const REST: &str = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY";

    #[test]
    fn the_forms_of_one_id_are_written_alike() {
        assert_eq!(canonical(REST), RAW);
        assert_eq!(canonical(RAW), RAW);
        assert_eq!(canonical("M1"), "M1");
    }

    #[test]
    fn the_forms_of_one_id_are_the_same() {
        let other = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY";
        for (a, b, expected) in [
            (REST, RAW, true),
            (RAW, REST, true),
            (REST, &format!("{REST}="), true),
            (REST, &RAW.to_uppercase(), true),
            (REST, other, false),
            ("bot", "bot", true),
            ("bot", "Bot", false),
            ("", RAW, false),
        ] {
            assert_eq!(same(a, b), expected, "{a} and {b}");
        }
    }

    #[test]
    fn no_text_that_could_leave_its_path_segment_is_an_id() {
        for bad in ["", "..", "a/b", "a?b", "a#b", "a b", "a%2fb", "ä", "a\nb", &"a".repeat(LONGEST + 1)] {
            assert!(!is_valid(bad), "{bad:?}");
        }
        assert!(is_valid(REST) && is_valid(RAW) && is_valid(&"a".repeat(LONGEST)));
    }

    proptest! {
        #[test]
        fn comparing_never_panics_and_is_symmetric(a in "\\PC{0,90}", b in "[A-Za-z0-9_=-]{0,90}") {
            prop_assert_eq!(same(&a, &b), same(&b, &a));
            prop_assert!(same(&a, &a));
        }
    }
}
