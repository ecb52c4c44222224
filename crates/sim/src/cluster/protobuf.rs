//! Kubernetes' protobuf, as far as kubectl sends nothing else: reviews of its rights, and the autoscalers it makes.

use serde_json::{Map, Value, json};

/// The fields of a message that are read: number, name in JSON, and shape. Others are passed over.
#[derive(Debug)]
pub(crate) struct Message(&'static [(u64, &'static str, Shape)]);

#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    Number,
    /// A map from text to text.
    Labels,
    /// A message that JSON writes as its first field.
    Wrapped,
    One(&'static Message),
    Many(&'static Message),
}

use Shape::{Labels, Many, Number, One, Text, Wrapped};

const METADATA: Message = Message(&[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (11, "labels", Labels),
    (12, "annotations", Labels),
]);

/// A `SelfSubjectAccessReview`.
pub(crate) const ACCESS_REVIEW: Message = Message(&[
    (1, "metadata", One(&METADATA)),
    (
        2,
        "spec",
        One(&Message(&[
            (
                1,
                "resourceAttributes",
                One(&Message(&[
                    (1, "namespace", Text),
                    (2, "verb", Text),
                    (3, "group", Text),
                    (4, "version", Text),
                    (5, "resource", Text),
                    (6, "subresource", Text),
                    (7, "name", Text),
                ])),
            ),
            (2, "nonResourceAttributes", One(&Message(&[(1, "path", Text), (2, "verb", Text)]))),
        ])),
    ),
]);

/// A `SelfSubjectRulesReview`.
pub(crate) const RULES_REVIEW: Message =
    Message(&[(1, "metadata", One(&METADATA)), (2, "spec", One(&Message(&[(1, "namespace", Text)])))]);

const TARGET: Message = Message(&[
    (1, "type", Text),
    (2, "value", Wrapped),
    (3, "averageValue", Wrapped),
    (4, "averageUtilization", Number),
]);

/// A `HorizontalPodAutoscaler` with metrics of resources, as `kubectl autoscale` makes it.
pub(crate) const AUTOSCALER: Message = Message(&[
    (1, "metadata", One(&METADATA)),
    (
        2,
        "spec",
        One(&Message(&[
            (1, "scaleTargetRef", One(&Message(&[(1, "kind", Text), (2, "name", Text), (3, "apiVersion", Text)]))),
            (2, "minReplicas", Number),
            (3, "maxReplicas", Number),
            (
                4,
                "metrics",
                Many(&Message(&[
                    (1, "type", Text),
                    (4, "resource", One(&Message(&[(1, "name", Text), (2, "target", One(&TARGET))]))),
                ])),
            ),
        ])),
    ),
]);

/// Reads a body: a mark, then an envelope whose second field is the message.
pub(crate) fn read(body: &[u8], message: &Message) -> Option<Value> {
    let mut envelope = Reader(body.strip_prefix(b"k8s\0")?);
    let mut found = json!({});
    while let Some(field) = envelope.field()? {
        if let (2, Wire::Bytes(raw)) = field {
            found = object(raw, message)?;
        }
    }
    Some(found)
}

fn object(bytes: &[u8], message: &Message) -> Option<Value> {
    let mut reader = Reader(bytes);
    let mut made = Map::new();
    while let Some((number, value)) = reader.field()? {
        let Some((_, name, shape)) = message.0.iter().find(|(known, ..)| *known == number) else { continue };
        let name = (*name).to_owned();
        match (*shape, value) {
            // An empty text is as good as none.
            (Text, Wire::Bytes([])) => {}
            (Text, Wire::Bytes(text)) => drop(made.insert(name, json!(std::str::from_utf8(text).ok()?))),
            // A negative number is written as its complement, in 64 bits.
            (Number, Wire::Number(bits)) => drop(made.insert(name, json!(bits.cast_signed()))),
            (Wrapped, Wire::Bytes(inner)) => {
                let text = object(inner, &Message(&[(1, "only", Text)]))?["only"].take();
                made.insert(name, text);
            }
            (One(inner), Wire::Bytes(bytes)) => drop(made.insert(name, object(bytes, inner)?)),
            (Many(inner), Wire::Bytes(bytes)) => {
                let list = made.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut()?.push(object(bytes, inner)?);
            }
            (Labels, Wire::Bytes(bytes)) => {
                let pair = object(bytes, &Message(&[(1, "key", Text), (2, "value", Text)]))?;
                let map = made.entry(name).or_insert_with(|| json!({}));
                map[pair["key"].as_str().unwrap_or_default()] = json!(pair["value"].as_str().unwrap_or_default());
            }
            _ => return None,
        }
    }
    Some(Value::Object(made))
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next field with its number; none at the end. Fails on what is no protobuf.
    #[expect(clippy::option_option, reason = "broken and finished are two things")]
    fn field(&mut self) -> Option<Option<(u64, Wire<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Bytes(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Bytes(self.take(4)?),
            _ => return None,
        };
        Some(Some((key >> 3, value)))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One field whose value has a length.
    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
    }

    #[test]
    fn an_autoscaler_reads_as_its_json() {
        let target = [field(1, b"Deployment"), field(2, b"web"), field(3, b"apps/v1")].concat();
        let cpu = [field(1, b"Utilization"), vec![4 << 3, 80]].concat();
        let memory = [field(1, b"AverageValue"), field(3, &field(1, b"500Mi"))].concat();
        let metric = |name: &[u8], target: &[u8]| {
            let resource = [field(1, name), field(2, target)].concat();
            [field(1, b"Resource"), field(4, &resource)].concat()
        };
        let spec = [
            field(1, &target),
            vec![2 << 3, 2, 3 << 3, 0xac, 2],
            field(4, &metric(b"cpu", &cpu)),
            field(4, &metric(b"memory", &memory)),
        ]
        .concat();
        let metadata =
            [field(1, b"web"), field(3, b""), field(11, &[field(1, b"a"), field(2, b"b")].concat())].concat();
        let raw = [field(1, &metadata), field(2, &spec), field(3, b"")].concat();
        // Longer than one byte can tell.
        let envelope =
            [b"k8s\0".to_vec(), field(1, b""), vec![0x12, 0x80 | u8::try_from(raw.len() & 0x7f).unwrap(), 1], raw]
                .concat();
        let expected = json!({ "metadata": { "name": "web", "labels": { "a": "b" } }, "spec": { "minReplicas": 2, "maxReplicas": 300,
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" }, "metrics": [
                { "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 } } },
                { "type": "Resource", "resource": { "name": "memory", "target": { "type": "AverageValue", "averageValue": "500Mi" } } },
            ] } });
        assert_eq!(read(&envelope, &AUTOSCALER), Some(expected));
    }

    #[test]
    fn what_is_no_protobuf_is_none() {
        for body in [
            &b"{}"[..],
            b"k8s\0\x12",
            b"k8s\0\x12\x05ab",
            b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"k8s\0\x13",
        ] {
            assert_eq!(read(body, &ACCESS_REVIEW), None, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&[b"k8s\0", &bytes[..]].concat(), &AUTOSCALER);
        }
    }
}
