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
tuple!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7);

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
mod tests;
