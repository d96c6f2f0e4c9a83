//! What every [`Index`] must do, as a check to be run over one.

use core::fmt::Debug;

use crate::{BlobName, Counted, Index, Part, PartName};

/// Checks an index. Both blobs exist there and have no parts; `missing` does not exist.
///
/// # Errors
/// A sentence that says what it does not do.
pub async fn index<I: Index<Error: Debug>>(
    index: &I,
    one: &BlobName,
    other: &BlobName,
    missing: &BlobName,
) -> Result<(), String> {
    let part = |start, size, name| Part {
        start,
        size,
        name: PartName::of([name; 8]),
    };
    let steps = [
        ("the first part", one, part(0, 10, 1), Counted::Yes),
        (
            "the same place again",
            one,
            part(0, 10, 2),
            Counted::StandsAt(10),
        ),
        ("a gap", one, part(11, 5, 3), Counted::StandsAt(10)),
        ("an overlap", one, part(9, 5, 4), Counted::StandsAt(10)),
        ("the next part", one, part(10, 5, 5), Counted::Yes),
        (
            "not the beginning of another blob",
            other,
            part(15, 1, 6),
            Counted::StandsAt(0),
        ),
        (
            "the beginning of another blob",
            other,
            part(0, 1, 7),
            Counted::Yes,
        ),
        (
            "a blob that does not exist",
            missing,
            part(0, 1, 8),
            Counted::StandsAt(0),
        ),
    ];
    for (what, blob, part, wanted) in steps {
        let counted = index
            .append(blob, &part)
            .await
            .map_err(|error| format!("{what}: {error:?}"))?;
        if counted != wanted {
            return Err(format!("{what}: {counted:?}, and not {wanted:?}"));
        }
    }
    for (blob, wanted) in [
        (one, vec![part(0, 10, 1), part(10, 5, 5)]),
        (other, vec![part(0, 1, 7)]),
        (missing, Vec::new()),
    ] {
        let parts = index
            .parts(blob)
            .await
            .map_err(|error| format!("the parts of {blob}: {error:?}"))?;
        if parts != wanted {
            return Err(format!(
                "the parts of {blob}: {parts:?}, and not {wanted:?}"
            ));
        }
    }
    Ok(())
}
