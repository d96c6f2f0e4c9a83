//! JSON (RFC 8259), as far as the bodies of the API and the parts of tokens use it: records, lists,
//! texts, unsigned integers, booleans and null.
//!
//! Servers read and write bodies by `serde`, as the tools around them do. The client does it by
//! this, because a page downloads it: `serde` compiles reader and writer anew for every body, which
//! was a tenth of the client. The tests hold the two together.

use std::borrow::Cow;

/// How deep lists and records may stand in one another. No body comes near it.
const MAX_DEPTH: usize = 32;

/// A value as it stands in a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value<'j> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(&'j str),
    /// A text, with its escapes resolved.
    Text(Cow<'j, str>),
    /// A list.
    List(Vec<Self>),
    /// A record, in the order in which it is written.
    Record(Vec<(Cow<'j, str>, Self)>),
}

/// A record that is being read, field by field.
#[derive(Debug)]
pub struct Fields<'v, 'j> {
    all: &'v [(Cow<'j, str>, Value<'j>)],
    read: usize,
}

/// What can be written.
pub trait ToJson {
    /// Writes it.
    fn write(&self, out: &mut String);
}

/// What can be read.
pub trait FromJson: Sized {
    /// What a value means; `None` when it is of another form.
    fn read(value: &Value<'_>) -> Option<Self>;

    /// What it means that a record has no such field.
    #[must_use]
    fn missing() -> Option<Self> {
        None
    }
}

/// Writes a value.
#[must_use]
pub fn to_vec(value: &dyn ToJson) -> Vec<u8> {
    let mut out = String::new();
    value.write(&mut out);
    out.into_bytes()
}

/// Reads a text that is one value; `None` when it is none, or of another form.
#[must_use]
pub fn from_slice<T: FromJson>(text: &[u8]) -> Option<T> {
    T::read(&parse(text)?)
}

/// Reads a text that is one value; `None` when it is none.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Value<'_>> {
    let mut parser = Parser {
        text: str::from_utf8(text).ok()?,
        at: 0,
    };
    let value = parser.value(MAX_DEPTH)?;
    parser.peek().is_none().then_some(value)
}

/// Writes a record.
pub fn write_record(out: &mut String, fields: &[(&str, &dyn ToJson)]) {
    let mut before = '{';
    for (name, field) in fields {
        out.push(before);
        before = ',';
        name.write(out);
        out.push(':');
        field.write(out);
    }
    if fields.is_empty() {
        out.push('{');
    }
    out.push('}');
}

impl<'v, 'j> Fields<'v, 'j> {
    /// Reads a field.
    pub fn take<T: FromJson>(&mut self, name: &str) -> Option<T> {
        match self.find(name) {
            Some(value) => T::read(value),
            None => T::missing(),
        }
    }

    #[inline(never)]
    fn find(&mut self, name: &str) -> Option<&'v Value<'j>> {
        let (_, value) = self.all.iter().find(|(found, _)| *found == name)?;
        self.read += 1;
        Some(value)
    }

    /// Ends the reading: `None` when there are fields that were not read, or one of them twice.
    #[must_use]
    pub const fn end(&self) -> Option<()> {
        if self.read == self.all.len() {
            Some(())
        } else {
            None
        }
    }
}

impl<'j> Value<'j> {
    /// The record, if it is one.
    #[must_use]
    pub const fn record(&self) -> Option<Fields<'_, 'j>> {
        match self {
            Self::Record(fields) => Some(Fields {
                all: fields.as_slice(),
                read: 0,
            }),
            _ => None,
        }
    }

    /// The items of the list, if it is one.
    #[must_use]
    pub const fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items.as_slice()),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one from 0 to 2^64 - 1.
    #[must_use]
    pub fn uint(&self) -> Option<u64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }
}

struct Parser<'j> {
    text: &'j str,
    at: usize,
}

impl<'j> Parser<'j> {
    /// The next byte.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    /// Whether this byte is the next that is no white space; it is passed then.
    fn passes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str, value: Value<'j>) -> Option<Value<'j>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(value)
    }

    fn value(&mut self, depth: usize) -> Option<Value<'j>> {
        match self.peek()? {
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'"' => self.string().map(Value::Text),
            b'[' => self.list(depth.checked_sub(1)?),
            b'{' => self.record(depth.checked_sub(1)?),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value<'j>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.passes(b']') {
            return Some(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.passes(b']') {
                return Some(Value::List(items));
            }
            if !self.passes(b',') {
                return None;
            }
        }
    }

    fn record(&mut self, depth: usize) -> Option<Value<'j>> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.passes(b'}') {
            return Some(Value::Record(fields));
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if !self.passes(b':') {
                return None;
            }
            fields.push((name, self.value(depth)?));
            if self.passes(b'}') {
                return Some(Value::Record(fields));
            }
            if !self.passes(b',') {
                return None;
            }
        }
    }

    /// Passes digits, at least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Passes one of these bytes, if it is the next.
    fn one_of(&mut self, bytes: &[u8]) -> bool {
        let found = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn number(&mut self) -> Option<Value<'j>> {
        let start = self.at;
        self.one_of(b"-");
        if !self.one_of(b"0") {
            self.digits()?;
        }
        if self.one_of(b".") {
            self.digits()?;
        }
        if self.one_of(b"eE") {
            self.one_of(b"+-");
            self.digits()?;
        }
        self.text.get(start..self.at).map(Value::Number)
    }

    fn string(&mut self) -> Option<Cow<'j, str>> {
        self.at += 1;
        let mut resolved = String::new();
        let mut start = self.at;
        loop {
            match self.byte()? {
                b'"' => {
                    let rest = self.text.get(start..self.at)?;
                    self.at += 1;
                    return Some(if resolved.is_empty() {
                        Cow::Borrowed(rest)
                    } else {
                        resolved.push_str(rest);
                        Cow::Owned(resolved)
                    });
                }
                b'\\' => {
                    resolved.push_str(self.text.get(start..self.at)?);
                    self.at += 1;
                    resolved.push(self.escaped()?);
                    start = self.at;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let byte = self.byte()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                match first {
                    0xd800..0xdc00 => {
                        if !(self.one_of(b"\\") && self.one_of(b"u")) {
                            return None;
                        }
                        let second = self.unit()?.checked_sub(0xdc00)?;
                        if second >= 0x400 {
                            return None;
                        }
                        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)?
                    }
                    _ => char::from_u32(first)?,
                }
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..)?.get(..4)?;
        self.at += 4;
        digits
            .chars()
            .try_fold(0, |unit, digit| Some(unit << 4 | digit.to_digit(16)?))
    }
}

impl ToJson for str {
    fn write(&self, out: &mut String) {
        const HEX: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
        ];
        out.push('"');
        for symbol in self.chars() {
            let short = match symbol {
                '"' | '\\' => symbol,
                '\u{8}' => 'b',
                '\u{c}' => 'f',
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\0'..' ' => {
                    out.push_str("\\u00");
                    out.push(if symbol < '\u{10}' { '0' } else { '1' });
                    let low = usize::try_from(u32::from(symbol) & 15).unwrap_or_default();
                    out.push(HEX.get(low).copied().unwrap_or_default());
                    continue;
                }
                _ => {
                    out.push(symbol);
                    continue;
                }
            };
            out.push('\\');
            out.push(short);
        }
        out.push('"');
    }
}

impl ToJson for &str {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

impl ToJson for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl FromJson for String {
    fn read(value: &Value<'_>) -> Option<Self> {
        value.text().map(Self::from)
    }
}

impl ToJson for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl FromJson for bool {
    fn read(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

fn write_uint(out: &mut String, value: u64) {
    out.push_str(&value.to_string());
}

macro_rules! unsigned {
    ($($type:ident),+) => { $(
        impl ToJson for $type {
            fn write(&self, out: &mut String) {
                write_uint(out, u64::from(*self));
            }
        }

        impl FromJson for $type {
            fn read(value: &Value<'_>) -> Option<Self> {
                value.uint()?.try_into().ok()
            }
        }
    )+ };
}

unsigned!(u16, u32, u64);

impl ToJson for () {
    fn write(&self, out: &mut String) {
        out.push_str("null");
    }
}

impl FromJson for () {
    fn read(value: &Value<'_>) -> Option<Self> {
        (*value == Value::Null).then_some(())
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: &Value<'_>) -> Option<Self> {
        let items = value.list()?;
        let mut read = Self::with_capacity(items.len());
        for item in items {
            read.push(T::read(item)?);
        }
        Some(read)
    }
}

/// A struct as a record of its fields, and no others.
#[macro_export]
macro_rules! json_record {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut ::std::string::String) {
                $crate::json::write_record(out, &[$((stringify!($field), &self.$field)),*]);
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(value: &$crate::json::Value<'_>) -> ::core::option::Option<Self> {
                let mut fields = value.record()?;
                let value = Self { $($field: fields.take(stringify!($field))?),* };
                fields.end().map(|()| value)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: String,
        number: u64,
        small: u16,
        flag: bool,
        maybe: Option<u32>,
        list: Vec<Inner>,
    }

    json_record!(Sample {
        text,
        number,
        small,
        flag,
        maybe,
        list
    });

    #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        name: Option<String>,
    }

    json_record!(Inner { name });

    fn samples() -> Vec<Sample> {
        let all: String = (0..0x100_u32)
            .chain([0x7ff, 0x800, 0xffff, 0x1_0000, 0x10_ffff])
            .filter_map(char::from_u32)
            .collect();
        vec![
            Sample {
                text: String::new(),
                number: 0,
                small: 0,
                flag: false,
                maybe: None,
                list: Vec::new(),
            },
            Sample {
                text: all,
                number: u64::MAX,
                small: u16::MAX,
                flag: true,
                maybe: Some(u32::MAX),
                list: vec![
                    Inner { name: None },
                    Inner {
                        name: Some("\"\\/\u{7f}\n".into()),
                    },
                ],
            },
        ]
    }

    #[test]
    fn it_writes_and_reads_what_serde_does() {
        for sample in samples() {
            let written = to_vec(&sample);
            assert_eq!(written, serde_json::to_vec(&sample).unwrap());
            assert_eq!(from_slice::<Sample>(&written), Some(sample.clone()));
            let pretty = serde_json::to_vec_pretty(&sample).unwrap();
            assert_eq!(from_slice::<Sample>(&pretty), Some(sample));
        }
    }

    /// Changes every byte to every other: both read the same, or nothing.
    #[test]
    fn it_refuses_what_serde_refuses() {
        let sample = Sample {
            text: "a\u{e9}\n\u{1f600}".into(),
            number: 120,
            small: 3,
            flag: true,
            maybe: Some(7),
            list: vec![Inner { name: None }],
        };
        let text = r#"{"text":"aé\n\ud83d\ude00","number":120,"small":3,"flag":true,"maybe":7,"list":[{"name":null}]}"#;
        assert_eq!(from_slice::<Sample>(text.as_bytes()), Some(sample));
        let (mut accepted, mut refused) = (0, 0);
        for at in 0..text.len() {
            for byte in 0..=255 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = byte;
                let ours = from_slice::<Sample>(&changed);
                let theirs = serde_json::from_slice::<Sample>(&changed).ok();
                assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&changed));
                match ours {
                    Some(_) => accepted += 1,
                    None => refused += 1,
                }
            }
            let cut = &text.as_bytes()[..at];
            assert_eq!(from_slice::<Sample>(cut), None);
        }
        assert!(accepted > 500 && refused > 10_000, "{accepted} {refused}");
    }

    #[test]
    fn values_are_those_of_serde() {
        for text in [
            "null",
            "true",
            " false ",
            "0",
            "-0",
            "10",
            "1.5",
            "1e5",
            "1E+5",
            "-1.25e-3",
            "\"\"",
            r#""\u0041\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\""#,
            "[]",
            "[ ]",
            "[1, 2 ,3]",
            "{}",
            "{ }",
            r#"{"a":[{"b":{}}], "" : "x"}"#,
            // and what is none
            "",
            " ",
            "nul",
            "nulll",
            "truE",
            "00",
            "01",
            "-",
            "+1",
            ".5",
            "1.",
            "1e",
            "1e+",
            "0x1",
            "\"",
            "\"\n\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\u+123""#,
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\u0041""#,
            r#""\ude00""#,
            r#""\ud83d\ue000""#,
            "[1,]",
            "[,1]",
            "[1 2]",
            "[",
            "]",
            "{1:2}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{"a":1"#,
            "1 2",
            "[] []",
            "\u{feff}1",
        ] {
            let theirs = serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(parse(text.as_bytes()).is_some(), theirs.is_ok(), "{text}");
            if let Ok(serde_json::Value::String(theirs)) = theirs {
                assert_eq!(from_slice::<String>(text.as_bytes()), Some(theirs));
            }
        }
        assert_eq!(parse(b"\"\xff\""), None);
    }

    #[test]
    fn forms_are_exact() {
        for text in [
            r#"{"name":null,"name":null}"#,
            r#"{"name":null,"other":1}"#,
            r#"{"name":1}"#,
            "[null]",
            "\"name\"",
        ] {
            assert_eq!(from_slice::<Inner>(text.as_bytes()), None, "{text}");
        }
        assert_eq!(from_slice::<Inner>(b"{}"), Some(Inner { name: None }));
        assert_eq!(from_slice::<u16>(b"65536"), None);
        assert_eq!(from_slice::<u64>(b"18446744073709551616"), None);
        assert_eq!(from_slice::<u64>(b"1.0"), None);
        assert_eq!(from_slice::<u64>(b"-1"), None);
        assert_eq!(from_slice::<()>(b"null"), Some(()));
        assert_eq!(from_slice::<()>(b"0"), None);
        assert_eq!(to_vec(&()), b"null");
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_some());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_none());
        assert!(parse("[".repeat(1 << 20).as_bytes()).is_none());
    }
}
