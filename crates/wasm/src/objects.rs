//! Objects, frame by frame.

use std::collections::BTreeMap;

use js_sys::Uint8Array;
use wardseal_client::{
    Opening as ClientOpening, Sealing as ClientSealing,
    crypto::{
        aead::{Aes256Gcm, DefaultAes},
        chunked::StreamKey,
        merkle,
        sign::Ed25519SigningKey,
    },
    object::{
        Complete, ObjectError, OpenPlan, RangeReader, SealPlan, chunk_jobs, open_frame, seal_frame,
    },
    protocol::object::{Frame, LEAF, LENGTH, Metadata, ObjectHeader, Prelude},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    errors,
    values::{Outcome, Record, fixed, length, list, number},
};

/// What an object says of itself in clear.
pub(crate) fn header_record(header: &ObjectHeader) -> Record {
    Record::new()
        .text("session", &header.session)
        .text("object", &header.object)
        .with("version", number(header.version))
        .with("epoch", header.epoch)
        .text("tenant", &header.tenant)
        .text("author", &header.author)
        .text("device", &header.device)
        .with("time", number(header.time.millis()))
}

fn metadata_record(metadata: &Metadata) -> Record {
    Record::new()
        .with("name", metadata.name.as_deref())
        .with("type", metadata.media_type.as_deref())
        .with("size", metadata.content_len.map(number))
}

/// Frames that were handed out and did not come back yet, and the engine for those that are done
/// here.
#[derive(Debug, Default)]
struct Underway {
    frames: BTreeMap<u32, Frame>,
}

impl Underway {
    /// `{index, plain, sealed, last, nonces}`: the lengths of plaintext and ciphertext, whether it is
    /// the last frame, and the nonces of its chunks, 12 bytes each.
    fn hand_out(&mut self, frame: Frame, key: &StreamKey) -> Outcome<JsValue> {
        let index = u32::try_from(frame.index()).map_err(|_| too_large())?;
        let jobs = chunk_jobs(&frame, key).map_err(|error| errors::object(error.into()))?;
        let nonces: Vec<u8> = jobs.iter().flat_map(|job| job.nonce).collect();
        self.frames.insert(index, frame);
        Ok(Record::new()
            .with("index", index)
            .with("plain", length(frame.plain_len()))
            .with("sealed", length(frame.sealed_len()))
            .with("last", frame.is_last())
            .bytes("nonces", &nonces)
            .into())
    }

    fn take(&mut self, index: u32) -> Outcome<Frame> {
        self.frames.remove(&index).ok_or_else(out_of_order)
    }
}

fn too_large() -> JsValue {
    errors::object(ObjectError::TooLarge)
}

fn out_of_order() -> JsValue {
    errors::object(ObjectError::OutOfOrder)
}

fn leaf(bytes: &[u8]) -> Outcome<[u8; LEAF]> {
    fixed(bytes)
}

/// An object that is being sealed.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Sealing {
    plan: Option<SealPlan>,
    header: ObjectHeader,
    signer: Ed25519SigningKey,
    underway: Underway,
}

impl Sealing {
    pub(crate) fn new(sealing: ClientSealing) -> Self {
        let header = sealing.header().clone();
        let (plan, signer) = sealing.into_plan();
        Self {
            plan: Some(plan),
            header,
            signer,
            underway: Underway::default(),
        }
    }

    fn plan(&mut self) -> Outcome<&mut SealPlan> {
        self.plan.as_mut().ok_or_else(out_of_order)
    }
}

#[wasm_bindgen]
impl Sealing {
    /// What the object will say of itself.
    #[must_use]
    pub fn header(&self) -> JsValue {
        header_record(&self.header).into()
    }

    /// How long the whole object will be, if the length of the content is known.
    #[wasm_bindgen(js_name = objectLength)]
    #[must_use]
    pub fn object_len(&self) -> Option<f64> {
        self.plan.as_ref()?.object_len().map(number)
    }

    /// The bytes that begin the object.
    ///
    /// # Errors
    /// Code `object_out_of_order` after the end.
    pub fn prelude(&mut self) -> Outcome<Uint8Array> {
        Ok(Uint8Array::from(self.plan()?.prelude()))
    }

    /// The AES key of the chunks.
    ///
    /// # Errors
    /// Code `object_out_of_order` after the end.
    #[wasm_bindgen(js_name = aesKey)]
    pub fn aes_key(&mut self) -> Outcome<Uint8Array> {
        let key = self.plan()?.key().aes_key();
        Ok(Uint8Array::from(key.expose().as_slice()))
    }

    /// The next frame for so many bytes of content, or `undefined` after the last.
    ///
    /// # Errors
    /// Codes `object_wrong_length`, `object_too_large`, `object_out_of_order`.
    pub fn lay(&mut self, content_len: u32) -> Outcome<JsValue> {
        let content_len = usize::try_from(content_len).map_err(|_| too_large())?;
        let plan = self.plan.as_mut().ok_or_else(out_of_order)?;
        match plan.lay(content_len).map_err(errors::object)? {
            Some(frame) => self.underway.hand_out(frame, plan.key()),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Takes the leaf hash of a frame that was encrypted outside.
    ///
    /// # Errors
    /// Code `object_out_of_order`.
    pub fn sealed(&mut self, index: u32, hash: &[u8]) -> Outcome<()> {
        let frame = self.underway.take(index)?;
        let hash = leaf(hash)?;
        self.plan()?.sealed(&frame, hash).map_err(errors::object)
    }

    /// Encrypts a frame here; gives its length field and ciphertext.
    ///
    /// # Errors
    /// Codes `object_wrong_length`, `object_out_of_order`.
    #[wasm_bindgen(js_name = sealFrame)]
    pub fn seal_frame(&mut self, index: u32, content: &[u8]) -> Outcome<Uint8Array> {
        let frame = self.underway.take(index)?;
        let plan = self.plan()?;
        let field = u32::try_from(frame.sealed_len()).map_err(|_| too_large())?;
        let mut out = field.to_be_bytes().to_vec();
        out.resize(LENGTH + frame.sealed_len(), 0);
        let sealed = out.get_mut(LENGTH..).unwrap_or_default();
        let engine = DefaultAes::new(plan.key().aes_key().expose());
        seal_frame(&engine, plan.key(), &frame, content, sealed).map_err(errors::object)?;
        let hash = merkle::leaf_hash(sealed);
        plan.sealed(&frame, hash).map_err(errors::object)?;
        Ok(Uint8Array::from(out.as_slice()))
    }

    /// The bytes that end the object.
    ///
    /// # Errors
    /// Code `object_out_of_order` unless every frame came back.
    pub fn finish(&mut self) -> Outcome<Uint8Array> {
        let plan = self.plan.take().ok_or_else(out_of_order)?;
        let trailer = plan.finish(&self.signer).map_err(errors::object)?;
        Ok(Uint8Array::from(trailer.as_slice()))
    }
}

/// An object whose session and author are known.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Opening {
    opening: ClientOpening,
    prelude: Prelude,
}

impl Opening {
    pub(crate) const fn new(opening: ClientOpening, prelude: Prelude) -> Self {
        Self { opening, prelude }
    }
}

#[wasm_bindgen]
impl Opening {
    /// What the object says of itself in clear.
    #[must_use]
    pub fn header(&self) -> JsValue {
        header_record(self.prelude.header()).into()
    }

    /// Begins to open the frames one after the other.
    ///
    /// # Errors
    /// Codes `object_rejected`, `object_bad_author`, `object_wrong_context`.
    pub fn start(&self) -> Outcome<Reader> {
        let plan = self.opening.start(self.prelude.clone());
        Ok(Reader {
            plan: Some(plan.map_err(errors::object)?),
            underway: Underway::default(),
        })
    }

    /// Verifies author and size by the end of the object, so that parts can be read.
    ///
    /// # Errors
    /// As [`Self::start`], and those of a bad end.
    pub fn parts(&self, object_len: u64, trailer: &[u8]) -> Outcome<Parts> {
        let reader = self
            .opening
            .range_reader(object_len, self.prelude.clone(), trailer)
            .map_err(errors::object)?;
        Ok(Parts {
            engine: reader.engine(),
            reader,
        })
    }
}

/// Which bytes of an object end it, by its last four.
///
/// # Errors
/// Codes `object_truncated`, `object_too_large`.
#[wasm_bindgen(js_name = trailerStart)]
pub fn trailer_start(object_len: u64, tail: &[u8]) -> Outcome<f64> {
    let tail = tail
        .try_into()
        .map_err(|_| errors::object(ObjectError::Truncated))?;
    let range = RangeReader::trailer(object_len, tail).map_err(errors::object)?;
    Ok(number(range.start))
}

/// An object that is being opened.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Reader {
    plan: Option<OpenPlan>,
    underway: Underway,
}

impl Reader {
    fn plan(&mut self) -> Outcome<&mut OpenPlan> {
        self.plan.as_mut().ok_or_else(out_of_order)
    }
}

#[wasm_bindgen]
impl Reader {
    /// `{name, type, size}`, by some member of the session.
    ///
    /// # Errors
    /// Code `object_out_of_order` after the end.
    pub fn metadata(&mut self) -> Outcome<JsValue> {
        Ok(metadata_record(self.plan()?.metadata()).into())
    }

    /// The AES key of the chunks.
    ///
    /// # Errors
    /// Code `object_out_of_order` after the end.
    #[wasm_bindgen(js_name = aesKey)]
    pub fn aes_key(&mut self) -> Outcome<Uint8Array> {
        let key = self.plan()?.key().aes_key();
        Ok(Uint8Array::from(key.expose().as_slice()))
    }

    /// The next frame, whose length field says so.
    ///
    /// # Errors
    /// Codes `object_malformed`, `object_out_of_order`.
    pub fn frame(&mut self, sealed_len: u32) -> Outcome<JsValue> {
        let sealed_len = usize::try_from(sealed_len).map_err(|_| too_large())?;
        let plan = self.plan.as_mut().ok_or_else(out_of_order)?;
        let frame = plan.frame(sealed_len).map_err(errors::object)?;
        self.underway.hand_out(frame, plan.key())
    }

    /// Takes a frame that was decrypted outside and is full of content.
    ///
    /// # Errors
    /// Codes `object_malformed`, `object_out_of_order`.
    pub fn opened(&mut self, index: u32, hash: &[u8]) -> Outcome<()> {
        let frame = self.underway.take(index)?;
        let hash = leaf(hash)?;
        self.plan()?
            .opened(&frame, hash, frame.capacity())
            .map_err(errors::object)
    }

    /// Takes the plaintext of a frame that was decrypted outside and has padding; gives the length of
    /// its content, which stands after four bytes.
    ///
    /// # Errors
    /// Codes `object_malformed`, `object_wrong_length`, `object_out_of_order`.
    #[wasm_bindgen(js_name = openedPadded)]
    pub fn opened_padded(&mut self, index: u32, hash: &[u8], plaintext: &[u8]) -> Outcome<f64> {
        let frame = self.underway.take(index)?;
        let hash = leaf(hash)?;
        let content = self.plan()?.job_done(&frame, hash, plaintext);
        Ok(length(content.map_err(errors::object)?.len()))
    }

    /// Decrypts a frame here; gives its content.
    ///
    /// # Errors
    /// Codes `object_rejected`, `object_malformed`, `object_out_of_order`.
    #[wasm_bindgen(js_name = openFrame)]
    pub fn open_frame(&mut self, index: u32, sealed: &[u8]) -> Outcome<Uint8Array> {
        let frame = self.underway.take(index)?;
        let plan = self.plan()?;
        let mut content = vec![0; frame.capacity()];
        let engine = DefaultAes::new(plan.key().aes_key().expose());
        let content_len = open_frame(&engine, plan.key(), &frame, sealed, &mut content)
            .map_err(errors::object)?;
        plan.opened(&frame, merkle::leaf_hash(sealed), content_len)
            .map_err(errors::object)?;
        Ok(Uint8Array::from(
            content.get(..content_len).unwrap_or_default(),
        ))
    }

    /// Checks the end of the object: exactly the bytes after its last frame.
    ///
    /// # Errors
    /// Codes `object_truncated`, `object_bad_author`, `object_wrong_length`, `object_malformed`.
    pub fn finish(&mut self, trailer: &[u8]) -> Outcome<()> {
        let plan = self.plan.take().ok_or_else(out_of_order)?;
        let _: Complete = plan.finish(trailer).map_err(errors::object)?;
        Ok(())
    }
}

/// An object of which parts are read. Its author is verified.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Parts {
    reader: RangeReader,
    engine: DefaultAes,
}

#[wasm_bindgen]
impl Parts {
    /// `{name, type, size}`, by the author.
    #[must_use]
    pub fn metadata(&self) -> JsValue {
        metadata_record(self.reader.metadata()).into()
    }

    /// What to fetch for a range of the content: `[{start, end}]`, offsets within the object.
    ///
    /// # Errors
    /// Code `object_too_large`.
    pub fn plan(&self, start: u64, end: u64) -> Outcome<JsValue> {
        let planned = self.reader.plan(start..end).map_err(errors::object)?;
        Ok(list(planned.iter().map(|planned| {
            Record::new()
                .with("start", number(planned.fetch.start))
                .with("end", number(planned.fetch.end))
        })))
    }

    /// Opens what was fetched for entry number `at` of the plan for this range.
    ///
    /// # Errors
    /// Codes `object_rejected`, `object_truncated`.
    pub fn open(&self, start: u64, end: u64, at: usize, fetched: &[u8]) -> Outcome<Uint8Array> {
        let planned = self.reader.plan(start..end).map_err(errors::object)?;
        let planned = planned.get(at).ok_or_else(out_of_order)?;
        let mut out = Vec::new();
        self.reader
            .open(&self.engine, planned, fetched, &mut out)
            .map_err(errors::object)?;
        Ok(Uint8Array::from(out.as_slice()))
    }
}
