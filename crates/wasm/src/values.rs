//! Values on their way to and from JavaScript.

use ::core::{fmt::Display, future::Future, pin::Pin, str::FromStr};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wardseal_client::{
    Error, Rights, Role, Visibility,
    types::{FixedBytes, IdError},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

use crate::errors::{self, invalid};

/// What an exported function gives: a value, or what [`crate::errors`] makes of an error.
pub(crate) type Outcome<T> = Result<T, JsValue>;

/// What a promise of an exported function is rejected with.
#[derive(Debug)]
pub(crate) struct Thrown(JsValue);

impl From<JsValue> for Thrown {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl From<Error> for Thrown {
    fn from(error: Error) -> Self {
        Self(errors::client(error))
    }
}

/// How an operation ends that waits for something.
pub(crate) type Answer = Result<JsValue, Thrown>;

/// A promise of what a future gives.
pub(crate) fn promise(future: impl Future<Output = Answer> + 'static) -> Promise {
    start(Box::pin(future))
}

fn start(future: Pin<Box<dyn Future<Output = Answer>>>) -> Promise {
    future_to_promise(async move { future.await.map_err(|Thrown(value)| value) })
}

/// A plain JavaScript object that is being put together.
#[derive(Debug, Default)]
pub(crate) struct Record(Object);

impl Record {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Sets a field.
    pub(crate) fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }

    /// Sets a field to a text.
    pub(crate) fn text(self, name: &str, value: &dyn Display) -> Self {
        self.with(name, value.to_string())
    }

    /// Sets a field to bytes.
    pub(crate) fn bytes(self, name: &str, value: &[u8]) -> Self {
        self.with(name, Uint8Array::from(value))
    }
}

impl From<Record> for JsValue {
    fn from(record: Record) -> Self {
        record.0.into()
    }
}

/// An array of what an iterator gives.
pub(crate) fn list<V: Into<JsValue>>(values: impl IntoIterator<Item = V>) -> JsValue {
    let array = Array::new();
    for value in values {
        array.push(&value.into());
    }
    array.into()
}

/// What became of each of many: `{value}` or `{error}`. Of those that were `refused` before, nothing
/// is in `done`.
pub(crate) fn results<'a>(
    refused: impl Iterator<Item = Option<&'a JsValue>>,
    done: impl Iterator<Item = Result<JsValue, Error>>,
) -> JsValue {
    let mut done = done.map(|each| each.map_err(errors::client));
    list(refused.filter_map(|refused| {
        let each = match refused {
            Some(refused) => Err(refused.clone()),
            None => done.next()?,
        };
        Some(match each {
            Ok(value) => Record::new().with("value", value),
            Err(error) => Record::new().with("error", error),
        })
    }))
}

/// Texts of an array.
pub(crate) fn strings(array: &JsValue) -> Vec<String> {
    let texts = Array::from(array).into_iter();
    texts.filter_map(|text| text.as_string()).collect()
}

/// Bytes for JavaScript.
pub(crate) fn bytes(value: &[u8]) -> JsValue {
    Uint8Array::from(value).into()
}

/// A text for JavaScript.
pub(crate) fn text(value: &dyn Display) -> JsValue {
    value.to_string().into()
}

/// A number that JavaScript holds exactly up to 2^53: milliseconds, positions, lengths.
#[expect(
    clippy::as_conversions,
    reason = "a JavaScript number is a double; what is beyond 2^53 does not occur"
)]
pub(crate) const fn number(value: u64) -> f64 {
    value as f64
}

/// A length in memory.
pub(crate) fn length(value: usize) -> f64 {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}

/// An identifier.
pub(crate) fn id<I: FromStr<Err = IdError>>(text: &str) -> Outcome<I> {
    text.parse()
        .map_err(|error: IdError| invalid(&error.to_string()))
}

/// Identifiers.
pub(crate) fn ids<I: FromStr<Err = IdError>>(texts: &[String]) -> Outcome<Vec<I>> {
    texts.iter().map(|text| id(text)).collect()
}

/// Members, each with what it may do.
pub(crate) fn members<I: FromStr<Err = IdError>, W>(
    members: &[String],
    words: &[String],
    read: fn(&str) -> Outcome<W>,
) -> Outcome<Vec<(I, W)>> {
    members
        .iter()
        .zip(words)
        .map(|(member, word)| Ok((id(member)?, read(word)?)))
        .collect()
}

/// Bytes of a known length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Outcome<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| invalid("bytes of the wrong length"))
}

/// 32 bytes.
pub(crate) fn bytes32(bytes: &[u8]) -> Outcome<FixedBytes<32>> {
    fixed(bytes).map(FixedBytes)
}

/// A role by its word.
pub(crate) fn role(word: &str) -> Outcome<Role> {
    Role::from_word(word).ok_or_else(|| invalid("a role is \"member\" or \"admin\""))
}

/// Rights by their word.
pub(crate) fn rights(word: &str) -> Outcome<Rights> {
    Rights::from_word(word).ok_or_else(|| invalid("a right is \"read\", \"share\" or \"manage\""))
}

/// What a new member sees.
pub(crate) const fn visibility(from_join: bool) -> Visibility {
    if from_join {
        Visibility::FromJoin
    } else {
        Visibility::Full
    }
}
