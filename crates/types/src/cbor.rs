//! Deterministic CBOR (RFC 8949 section 4.2), as far as the protocol uses it: unsigned integers,
//! byte strings, text, arrays, and maps with small integer keys. See `spec/02-encoding.md`.
//!
//! It is ours, and not a library's, because a page downloads it: what a general decoder brings for
//! each type (any order of keys, skipping, positions and texts of errors) is refused here by rule,
//! and was a tenth of the whole client.
//!
//! A type says once which of its fields stand where, by [`cbor_map!`](crate::cbor_map),
//! [`cbor_array!`](crate::cbor_array), [`cbor_choice!`](crate::cbor_choice) or
//! [`cbor_index!`](crate::cbor_index).

use std::collections::BTreeMap;

/// Why bytes are not what was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// They mean something else, or end too early.
    Malformed,
    /// They mean it, but not in its only encoding.
    NotCanonical,
}

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const NULL: u8 = 0xf6;

/// What has an encoding.
pub trait Encode {
    /// Writes it.
    fn encode(&self, out: &mut Vec<u8>);

    /// Whether it is left out of maps and of ends of arrays.
    fn is_absent(&self) -> bool {
        false
    }
}

/// What can be read.
pub trait Decode: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// See [`Fault`].
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault>;

    /// The value that is left out of maps and of ends of arrays, if there is one.
    fn absent() -> Option<Self> {
        None
    }
}

/// Writes the head of an item: its major type and its argument in the fewest bytes.
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (info, len) = match argument {
        0..24 => (bytes[7], 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(bytes.get(8 - len..).unwrap_or_default());
}

fn length_head(out: &mut Vec<u8>, major: u8, length: usize) {
    head(out, major, u64::try_from(length).unwrap_or(u64::MAX));
}

/// Writes a byte string.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    length_head(out, BYTES, bytes.len());
    out.extend_from_slice(bytes);
}

/// Writes an array, up to the last field that is present.
pub fn write_array(out: &mut Vec<u8>, fields: &[&dyn Encode]) {
    let absent = fields.iter().rev().take_while(|field| field.is_absent());
    let present = fields.len() - absent.count();
    length_head(out, ARRAY, present);
    for field in fields.iter().take(present) {
        field.encode(out);
    }
}

/// Writes a map of the fields that are present, whose keys ascend.
pub fn write_map(out: &mut Vec<u8>, fields: &[(u8, &dyn Encode)]) {
    let present = fields.iter().filter(|(_, field)| !field.is_absent());
    length_head(out, MAP, present.clone().count());
    for (key, field) in present {
        head(out, UINT, u64::from(*key));
        field.encode(out);
    }
}

/// Writes a choice: the number of the variant and its fields.
pub fn write_choice(out: &mut Vec<u8>, number: u8, fields: &[&dyn Encode]) {
    length_head(out, ARRAY, 2);
    head(out, UINT, u64::from(number));
    write_array(out, fields);
}

/// Writes an identifier with the number of its kind.
pub fn write_tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8; 32]) {
    length_head(out, ARRAY, 2);
    head(out, UINT, u64::from(tag));
    write_bytes(out, bytes);
}

/// Bytes that are being read.
#[derive(Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

/// What is left of an array or map.
#[derive(Debug)]
pub struct Fields {
    left: u64,
}

impl<'b> Reader<'b> {
    /// Reads from the beginning.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Fault::NotCanonical`] when bytes are left.
    pub const fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::NotCanonical)
        }
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Fault::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The argument of the next item, which must be of this major type.
    #[inline(never)]
    fn head(&mut self, major: u8) -> Result<u64, Fault> {
        let first = *self.rest.first().ok_or(Fault::Malformed)?;
        if first == NULL {
            // What is absent is left out.
            return Err(Fault::NotCanonical);
        }
        if first >> 5 != major {
            return Err(Fault::Malformed);
        }
        self.take(1)?;
        let length = match first & 31 {
            info @ 0..24 => return Ok(u64::from(info)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            // Of indefinite length.
            31 if major != UINT => return Err(Fault::NotCanonical),
            _ => return Err(Fault::Malformed),
        };
        let argument = self
            .take(length)?
            .iter()
            .fold(0, |argument, byte| argument << 8 | u64::from(*byte));
        let shortest = match length {
            1 => argument >= 24,
            _ => argument >> (length * 4) != 0,
        };
        if shortest {
            Ok(argument)
        } else {
            Err(Fault::NotCanonical)
        }
    }

    fn string(&mut self, major: u8) -> Result<&'b [u8], Fault> {
        let length = self.head(major)?;
        self.take(usize::try_from(length).map_err(|_| Fault::Malformed)?)
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn uint(&mut self) -> Result<u64, Fault> {
        self.head(UINT)
    }

    /// Reads a number of a kind.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn small(&mut self) -> Result<u8, Fault> {
        u8::try_from(self.uint()?).map_err(|_| Fault::Malformed)
    }

    /// Reads a byte string.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn bytes(&mut self) -> Result<&'b [u8], Fault> {
        self.string(BYTES)
    }

    /// Begins to read an array.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn array(&mut self) -> Result<Fields, Fault> {
        self.head(ARRAY).map(|left| Fields { left })
    }

    /// Begins to read a map.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn map(&mut self) -> Result<Fields, Fault> {
        self.head(MAP).map(|left| Fields { left })
    }

    /// Begins to read a choice: the number of the variant, and its fields.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn choice(&mut self) -> Result<(u8, Fields), Fault> {
        if self.head(ARRAY)? != 2 {
            return Err(Fault::Malformed);
        }
        Ok((self.small()?, self.array()?))
    }
}

impl<'b> Reader<'b> {
    /// Reads an identifier with the number of its kind.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn tagged(&mut self) -> Result<(u8, &'b [u8; 32]), Fault> {
        if self.head(ARRAY)? != 2 {
            return Err(Fault::Malformed);
        }
        let tag = self.small()?;
        let bytes = self.bytes()?.try_into().map_err(|_| Fault::Malformed)?;
        Ok((tag, bytes))
    }
}

impl Fields {
    /// Reads the next field of an array.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn next<T: Decode>(&mut self, input: &mut Reader<'_>) -> Result<T, Fault> {
        if self.left == 0 {
            return T::absent().ok_or(Fault::Malformed);
        }
        self.left -= 1;
        T::decode(input)
    }

    /// Reads the field of a map under this key.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn field<T: Decode>(&mut self, input: &mut Reader<'_>, key: u8) -> Result<T, Fault> {
        if self.is_next(input, key) {
            T::decode(input)
        } else {
            T::absent().ok_or_else(|| self.missing(input))
        }
    }

    fn is_next(&mut self, input: &mut Reader<'_>, key: u8) -> bool {
        let is_next = self.left > 0 && input.rest.first() == Some(&key);
        if is_next {
            self.left -= 1;
            // There is one, it was looked at.
            let _ = input.take(1);
        }
        is_next
    }

    /// A field that should stand here: something else does, or nothing.
    const fn missing(&self, input: &Reader<'_>) -> Fault {
        if self.left > 0 && !input.rest.is_empty() {
            Fault::NotCanonical
        } else {
            Fault::Malformed
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Fault::NotCanonical`] when fields are left that nobody knows, or that stand elsewhere.
    pub const fn end(&self) -> Result<(), Fault> {
        if self.left == 0 {
            Ok(())
        } else {
            Err(Fault::NotCanonical)
        }
    }
}

macro_rules! unsigned {
    ($($type:ident),+) => { $(
        impl Encode for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                head(out, UINT, u64::from(*self));
            }
        }

        impl Decode for $type {
            fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
                Self::try_from(input.uint()?).map_err(|_| Fault::Malformed)
            }
        }
    )+ };
}

unsigned!(u8, u16, u32, u64);

impl Encode for str {
    fn encode(&self, out: &mut Vec<u8>) {
        length_head(out, TEXT, self.len());
        out.extend_from_slice(self.as_bytes());
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_str().encode(out);
    }
}

impl Decode for String {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        let bytes = input.string(TEXT)?.to_vec();
        Self::from_utf8(bytes).map_err(|_| Fault::Malformed)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        T::decode(input).map(Self::new)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.encode(out),
            None => out.push(NULL),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        T::decode(input).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Vec<u8>) {
        length_head(out, ARRAY, self.len());
        for item in self {
            item.encode(out);
        }
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_slice().encode(out);
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut fields = input.array()?;
        // Room is made for what is there, not for what is announced.
        let mut items = Self::new();
        while fields.left > 0 {
            items.push(fields.next(input)?);
        }
        Ok(items)
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        length_head(out, MAP, self.len());
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut fields = input.map()?;
        let mut items = Self::new();
        while fields.left > 0 {
            let key = fields.next(input)?;
            if items.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(Fault::NotCanonical);
            }
            items.insert(key, V::decode(input)?);
        }
        Ok(items)
    }
}

macro_rules! tuple {
    ($($name:ident.$index:tt),+) => {
        impl<$($name: Encode),+> Encode for ($($name,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                let fields: &[&dyn Encode] = &[$(&self.$index),+];
                length_head(out, ARRAY, fields.len());
                for field in fields {
                    field.encode(out);
                }
            }
        }

        impl<$($name: Decode),+> Decode for ($($name,)+) {
            fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
                let mut fields = input.array()?;
                let value = ($(fields.next::<$name>(input)?,)+);
                fields.end().map(|()| value)
            }
        }
    };
}

tuple!(A.0, B.1);
tuple!(A.0, B.1, C.2);
tuple!(A.0, B.1, C.2, D.3);
tuple!(A.0, B.1, C.2, D.3, E.4);
tuple!(A.0, B.1, C.2, D.3, E.4, F.5);
tuple!(A.0, B.1, C.2, D.3, E.4, F.5, G.6);

/// A struct as a map from small integers, in ascending order. A field that is an absent option
/// has no key.
#[macro_export]
macro_rules! cbor_map {
    ($name:ident { $($key:literal: $field:ident),+ $(,)? }) => {
        impl $crate::cbor::Encode for $name {
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                $crate::cbor::write_map(out, &[$(($key, &self.$field)),+]);
            }
        }

        impl $crate::cbor::Decode for $name {
            fn decode(
                input: &mut $crate::cbor::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::cbor::Fault> {
                let mut fields = input.map()?;
                let value = Self { $($field: fields.field(input, $key)?),+ };
                fields.end().map(|()| value)
            }
        }
    };
}

/// A struct as an array of its fields, which ends with the last that is present.
#[macro_export]
macro_rules! cbor_array {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::cbor::Encode for $name {
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                $crate::cbor::write_array(out, &[$(&self.$field),+]);
            }
        }

        impl $crate::cbor::Decode for $name {
            fn decode(
                input: &mut $crate::cbor::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::cbor::Fault> {
                let mut fields = input.array()?;
                let value = Self { $($field: fields.next(input)?),+ };
                fields.end().map(|()| value)
            }
        }
    };
}

/// A choice as a pair of the variant's number and the array of its fields. The names of fields are
/// for reading only.
#[macro_export]
macro_rules! cbor_choice {
    ($name:ident { $($number:literal: $variant:ident($($field:ident),*)),+ $(,)? }) => {
        impl $crate::cbor::Encode for $name {
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                match self {
                    $($crate::cbor_choice!(@pattern $variant($($field),*)) => {
                        $crate::cbor::write_choice(out, $number, &[$($field),*]);
                    })+
                }
            }
        }

        impl $crate::cbor::Decode for $name {
            fn decode(
                input: &mut $crate::cbor::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::cbor::Fault> {
                let (number, mut fields) = input.choice()?;
                let value = match number {
                    $($number => $crate::cbor_choice!(@value fields, input, $variant($($field),*)),)+
                    _ => return Err($crate::cbor::Fault::Malformed),
                };
                fields.end().map(|()| value)
            }
        }
    };
    (@pattern $variant:ident()) => { Self::$variant };
    (@pattern $variant:ident($($field:ident),+)) => { Self::$variant($($field),+) };
    (@value $fields:ident, $input:ident, $variant:ident()) => { Self::$variant };
    (@value $fields:ident, $input:ident, $variant:ident($($field:ident),+)) => {{
        $(let $field = $fields.next($input)?;)+
        Self::$variant($($field),+)
    }};
}

/// A choice without fields as its number.
#[macro_export]
macro_rules! cbor_index {
    ($name:ident { $($number:literal: $variant:ident),+ $(,)? }) => {
        impl $crate::cbor::Encode for $name {
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                let number: u8 = match self { $(Self::$variant => $number,)+ };
                $crate::cbor::Encode::encode(&number, out);
            }
        }

        impl $crate::cbor::Decode for $name {
            fn decode(
                input: &mut $crate::cbor::Reader<'_>,
            ) -> ::core::result::Result<Self, $crate::cbor::Fault> {
                match input.small()? {
                    $($number => Ok(Self::$variant),)+
                    _ => Err($crate::cbor::Fault::Malformed),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &dyn Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        bytes
    }

    fn read<T: Decode>(bytes: &[u8]) -> Result<T, Fault> {
        let mut input = Reader::new(bytes);
        let value = T::decode(&mut input)?;
        input.end().map(|()| value)
    }

    /// The same types for the other encoder.
    #[derive(Clone, Debug, Eq, PartialEq, minicbor::Decode, minicbor::Encode)]
    #[cbor(map)]
    struct Map {
        #[n(0)]
        number: u32,
        #[n(2)]
        text: Option<String>,
        #[n(23)]
        list: Vec<u64>,
    }

    cbor_map!(Map {
        0: number,
        2: text,
        23: list
    });

    #[derive(Clone, Debug, Eq, PartialEq, minicbor::Decode, minicbor::Encode)]
    struct Array {
        #[n(0)]
        first: u16,
        #[n(1)]
        second: Option<u8>,
        #[n(2)]
        third: Option<String>,
    }

    cbor_array!(Array {
        first,
        second,
        third
    });

    #[derive(Clone, Debug, Eq, PartialEq, minicbor::Decode, minicbor::Encode)]
    enum Choice {
        #[n(1)]
        Nothing,
        #[n(30)]
        Pair(#[n(0)] u8, #[n(1)] Option<Map>),
        #[n(200)]
        Boxed(#[n(0)] Box<Array>),
    }

    cbor_choice!(Choice {
        1: Nothing(),
        30: Pair(number, map),
        200: Boxed(array)
    });

    #[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::Decode, minicbor::Encode)]
    #[cbor(index_only)]
    enum Index {
        #[n(3)]
        Three,
        #[n(99)]
        Other,
    }

    cbor_index!(Index {
        3: Three,
        99: Other
    });

    const NUMBERS: [u64; 12] = [
        0,
        23,
        24,
        255,
        256,
        65_535,
        65_536,
        0xffff_ffff,
        0x1_0000_0000,
        u64::MAX,
        1,
        77,
    ];

    fn maps() -> Vec<Map> {
        let texts = [
            None,
            Some(String::new()),
            Some("é".into()),
            Some("x".repeat(300)),
        ];
        let lists = [0, 1, 12, 24, 256].map(|length| {
            let numbers = NUMBERS.iter().cycle();
            numbers.take(length).copied().collect::<Vec<_>>()
        });
        let mut all = Vec::new();
        for text in texts {
            for list in &lists {
                all.push(Map {
                    number: u32::try_from(list.len()).unwrap() * 300,
                    text: text.clone(),
                    list: list.clone(),
                });
            }
        }
        all
    }

    fn agree<T>(value: &T)
    where
        T: Encode + Decode + PartialEq + core::fmt::Debug + minicbor::Encode<()>,
    {
        let bytes = encoded(value);
        assert_eq!(bytes, minicbor::to_vec(value).unwrap(), "{value:?}");
        assert_eq!(read::<T>(&bytes).as_ref(), Ok(value));
        for cut in 0..bytes.len() {
            assert_eq!(read::<T>(&bytes[..cut]), Err(Fault::Malformed));
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(read::<T>(&longer), Err(Fault::NotCanonical));
    }

    #[test]
    fn another_encoder_writes_the_same() {
        for map in maps() {
            agree(&map);
            agree(&Choice::Pair(9, Some(map.clone())));
            agree(&(map, 7_u64));
        }
        agree(&Choice::Pair(24, None));
        agree(&Choice::Nothing);
        for (second, third) in [
            (None, None),
            (Some(255), None),
            (Some(1), Some("text".to_owned())),
        ] {
            let array = Array {
                first: 500,
                second,
                third,
            };
            agree(&array);
            agree(&Choice::Boxed(Box::new(array)));
        }
        agree(&BTreeMap::from([(3_u8, "c".to_owned()), (200, "d".into())]));
        agree(&Index::Three);
        agree(&Index::Other);
        for number in NUMBERS {
            agree(&number);
        }
        agree(&(1_u16, 2_u32, "text".to_owned(), 4_u8, 5_u64, 6_u64, 7_u64));
        // A gap is null, as the other writes it; nothing of ours has one, and none is read.
        let gap = Array {
            first: 1,
            second: None,
            third: Some("text".into()),
        };
        assert_eq!(encoded(&gap), minicbor::to_vec(&gap).unwrap());
        assert_eq!(read::<Array>(&encoded(&gap)), Err(Fault::NotCanonical));
    }

    /// Whatever is accepted encodes to the same bytes, and the other decoder accepts it with the
    /// same meaning.
    #[test]
    fn one_meaning_has_one_encoding() {
        let mut accepted = 0;
        for value in [
            Choice::Nothing,
            Choice::Pair(24, maps().pop()),
            Choice::Pair(1, maps().into_iter().nth(7)),
            Choice::Boxed(Box::new(Array {
                first: 300,
                second: Some(3),
                third: Some("text".into()),
            })),
        ] {
            let good = encoded(&value);
            for at in 0..good.len().min(64) {
                for byte in 0..=255 {
                    let mut bytes = good.clone();
                    bytes[at] = byte;
                    if let Ok(read) = read::<Choice>(&bytes) {
                        accepted += 1;
                        assert_eq!(encoded(&read), bytes);
                        assert_eq!(minicbor::decode::<Choice>(&bytes).unwrap(), read);
                    }
                }
            }
        }
        assert!(accepted > 1000, "{accepted}");
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        let cases: [(&[u8], Fault); 15] = [
            (&[0xa2, 0, 0x18, 5, 23, 0x80], Fault::NotCanonical), // long integer
            (&[0xa2, 0, 0x19, 0, 255, 23, 0x80], Fault::NotCanonical),
            (
                &[0xa2, 0, 0x1a, 0, 0, 255, 255, 23, 0x80],
                Fault::NotCanonical,
            ),
            (&[0xbf, 0, 5, 23, 0x80, 0xff], Fault::NotCanonical), // indefinite map
            (&[0xa2, 0, 5, 23, 0x9f, 0xff], Fault::NotCanonical), // indefinite array
            (&[0xa2, 23, 0x80, 0, 5], Fault::NotCanonical),       // key order
            (&[0xa3, 0, 5, 23, 0x80, 9, 0], Fault::NotCanonical), // unknown key at the end
            (&[0xa3, 0, 5, 1, 0, 23, 0x80], Fault::NotCanonical), // unknown key between
            (&[0xa3, 0, 5, 0, 5, 23, 0x80], Fault::NotCanonical), // twice the same key
            (&[0xa3, 0, 5, 2, 0xf6, 23, 0x80], Fault::NotCanonical), // explicit null
            (&[0xa1, 0, 5], Fault::Malformed),                    // missing key
            (&[0xa2, 0, 0x20, 23, 0x80], Fault::Malformed),       // negative
            (
                &[0xa2, 0, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0, 23, 0x80],
                Fault::Malformed,
            ), // too large
            (&[0xa3, 0, 5, 2, 0x61, 0xff, 23, 0x80], Fault::Malformed), // not UTF-8
            (&[0xa2, 0, 0x1c, 23, 0x80], Fault::Malformed),       // reserved
        ];
        assert!(read::<Map>(&[0xa2, 0, 5, 23, 0x80]).is_ok());
        for (bytes, fault) in cases {
            assert_eq!(read::<Map>(bytes), Err(fault), "{bytes:02x?}");
        }
        // Of a choice: another number, another shape, a field too many.
        for bytes in [&[0x82, 2, 0x80][..], &[0x81, 1], &[0x83, 1, 0x80, 0], &[1]] {
            assert_eq!(read::<Choice>(bytes), Err(Fault::Malformed));
        }
        assert_eq!(
            read::<Choice>(&[0x82, 1, 0x81, 0]),
            Err(Fault::NotCanonical)
        );
        assert_eq!(read::<Index>(&[4]), Err(Fault::Malformed));
    }

    #[test]
    fn keys_ascend() {
        type Read = BTreeMap<u8, u8>;
        assert!(read::<Read>(&[0xa2, 1, 0, 2, 0]).is_ok());
        for bytes in [[0xa2, 2, 0, 1, 0], [0xa2, 1, 0, 1, 0]] {
            assert_eq!(read::<Read>(&bytes), Err(Fault::NotCanonical));
        }
    }

    #[test]
    fn lying_lengths_allocate_nothing() {
        let mut bytes = vec![0x9b];
        bytes.extend([0xff; 8]);
        assert_eq!(read::<Vec<u64>>(&bytes), Err(Fault::Malformed));
        bytes[0] = 0x5b;
        assert_eq!(Reader::new(&bytes).bytes(), Err(Fault::Malformed));
    }
}
