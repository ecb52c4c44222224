//! Values entered on a card. Anyone who can call the room's API can send anything here, so every value is validated by
//! the same rules as one in a message.

use serde_json::{Map, Value};

use crate::words::InputFault;
use readback_core::{
    change::{ChangeSpec, Field},
    domain::{Amount, ImageChange},
};

/// The values on a card when it was submitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    replicas: Option<u32>,
    image: Option<ImageChange>,
    container: Option<String>,
    /// Whether any of them differs from the value shown.
    pub edited: bool,
}

impl Values {
    /// The spec with these values filled in.
    pub fn fill(self, draft: &ChangeSpec) -> ChangeSpec {
        ChangeSpec {
            replicas: self.replicas.map(Amount::To).or(draft.replicas),
            image: self.image.or_else(|| draft.image.clone()),
            container: self.container.or_else(|| draft.container.clone()),
            ..draft.clone()
        }
    }
}

/// Reads the values of these fields.
///
/// # Errors
/// Why the first invalid value is invalid.
pub fn values(inputs: &Map<String, Value>, fields: &[Field]) -> Result<Values, InputFault> {
    let mut values = Values::default();
    for field in fields {
        match field {
            Field::Replicas { known, most } => {
                let count = replicas(inputs.get("replicas"), *most)?;
                values.edited |= Some(count) != *known;
                values.replicas = Some(count);
            }
            Field::Image { known } => {
                let (text, image) = image(inputs.get("image"))?;
                values.edited |= known.as_ref() != Some(&text);
                values.image = Some(image);
            }
            Field::Container { names, known } => {
                let name =
                    inputs.get("container").and_then(Value::as_str).filter(|name| names.iter().any(|one| one == name));
                let name = name.ok_or(InputFault::NoContainer)?.to_owned();
                values.edited |= known.as_ref() != Some(&name);
                values.container = Some(name);
            }
        }
    }
    Ok(values)
}

/// Clients send a number, or its digits as a string.
fn replicas(input: Option<&Value>, most: u32) -> Result<u32, InputFault> {
    let read = match input {
        Some(Value::Number(number)) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Some(Value::String(digits)) if digits.trim().bytes().all(|b| b.is_ascii_digit()) => digits.trim().parse().ok(),
        _ => None,
    };
    read.filter(|n| *n <= most).ok_or(InputFault::Replicas { most })
}

fn image(input: Option<&Value>) -> Result<(String, ImageChange), InputFault> {
    let text = input.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or(InputFault::NoImage)?;
    let image = ImageChange::parse(text).map_err(|why| InputFault::Image { text: text.to_owned(), why })?;
    Ok((text.to_owned(), image))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use readback_core::domain::Intent;

    fn read(inputs: Value, fields: &[Field]) -> Result<Values, InputFault> {
        let Value::Object(inputs) = inputs else { panic!("no object: {inputs}") };
        values(&inputs, fields)
    }

    const REPLICAS: Field = Field::Replicas { known: Some(3), most: 100 };

    #[test]
    fn a_number_is_a_whole_one_within_the_limit() {
        for (given, edited) in [(json!("3"), false), (json!(3), false), (json!(" 4 "), true), (json!(0), true)] {
            assert_eq!(read(json!({"replicas": given}), &[REPLICAS]).map(|v| v.edited), Ok(edited), "{given}");
        }
        let bad = ["", "-1", "1.5", "1e9", "101", "99999999999999999999", "3; rm", "٣", "0x3"];
        for bad in bad.into_iter().map(|text| json!(text)).chain([json!(null), json!([3]), json!(-1), json!(3.5)]) {
            assert!(read(json!({"replicas": bad}), &[REPLICAS]).is_err(), "{bad}");
        }
        assert!(read(json!({}), &[REPLICAS]).is_err());
    }

    #[test]
    fn an_image_is_read_like_a_spoken_one() {
        let field = [Field::Image { known: Some("1.21".into()) }];
        assert_eq!(read(json!({"image": "1.21"}), &field).map(|v| v.edited), Ok(false));
        let other = read(json!({"image": "1.22"}), &field).expect("a tag");
        assert!(other.edited);
        let filled = other.fill(&ChangeSpec::new(Intent::SetImage));
        assert_eq!(filled.image, Some(ImageChange::Tag("1.22".into())));
        for bad in ["", "   ", "a b", "<@all>", "UPPER/case:1", "x:$(id)"] {
            assert!(read(json!({"image": bad}), &field).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_container_is_one_of_those_that_were_shown() {
        let field = [Field::Container { names: vec!["web".into(), "proxy".into()], known: None }];
        assert!(read(json!({"container": "web"}), &field).is_ok_and(|v| v.edited));
        for bad in [json!("other"), json!(""), json!(0), json!(null)] {
            assert!(read(json!({"container": bad}), &field).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_field_is_not_read() {
        let values = read(json!({"replicas": "50", "namespace": "kube-system"}), &[]).expect("nothing to read");
        assert_eq!(values, Values::default());
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(text in "\\PC{0,60}") {
            let fields = [REPLICAS, Field::Image { known: None }];
            let _ = read(json!({"replicas": text, "image": text}), &fields);
        }
    }
}
