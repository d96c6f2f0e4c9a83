//! The encoding beside another encoder.

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
