//! Streams that stop, fail or are read in parts.

use super::*;

#[test]
fn ranges_are_what_the_whole_has_there() {
    let world = World::new();
    let all = content(3 * FRAME_CONTENT + 12_345);
    let len = all.len() as u64;
    let frame = FRAME_CONTENT as u64;
    for object in [world.seal(&all), world.seal_stream(&all, 2)] {
        let reader = world.range_reader(&object).unwrap();
        assert!(reader.content_limit() >= len);
        let edges = [
            0,
            1,
            frame - 1,
            frame,
            frame + 1,
            2 * frame,
            len - 1,
            len,
            len + 9,
            u64::MAX,
        ];
        for start in edges {
            for end in edges {
                let expected = all
                    .get(start.min(len) as usize..end.min(len) as usize)
                    .unwrap_or_default();
                let read = read(&reader, &object, start..end).unwrap();
                assert!(read == expected, "{start}..{end}");
            }
        }
        // Nothing but the frames that are touched.
        let plan = reader.plan(frame - 1..frame + 1).unwrap();
        assert_eq!(
            plan.iter()
                .map(|fetch| fetch.frame.index())
                .collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(plan[1].fetch.end - plan[0].fetch.start, 2 * FULL as u64);
        assert_eq!(reader.plan(frame..frame + 1).unwrap().len(), 1);
        assert_eq!(reader.plan(len + 1_000_000..u64::MAX).unwrap(), []);
    }
}

#[test]
fn a_range_reader_refuses_other_bytes_and_another_size() {
    let world = World::new();
    let all = content(2 * FRAME_CONTENT);
    let object = world.seal(&all);
    let reader = world.range_reader(&object).unwrap();
    let engine: AwsLcAes = reader.engine();
    let plan = reader.plan(0..u64::MAX).unwrap();
    let fetched = |number: usize| {
        let fetch = &plan[number].fetch;
        object[fetch.start as usize..fetch.end as usize].to_vec()
    };
    let mut out = b"before".to_vec();
    let mut open =
        |number: usize, bytes: &[u8]| reader.open(&engine, &plan[number], bytes, &mut out);
    assert!(matches!(open(0, &fetched(1)), Err(ObjectError::Rejected)));
    for at in [0, 3, 4, 1000, FULL - 1] {
        let mut changed = fetched(0);
        changed[at] ^= 1;
        assert!(
            matches!(open(0, &changed), Err(ObjectError::Rejected)),
            "{at}"
        );
        assert!(
            matches!(open(0, &fetched(0)[..at]), Err(ObjectError::Truncated)),
            "{at}"
        );
    }
    assert_eq!(out, b"before");
    let trailer_len = u32::from_be_bytes(*object.last_chunk().unwrap()) as usize + 4;
    let start = |len: u64| {
        RangeReader::start(
            &world.seed,
            Prelude::parse(&object).unwrap(),
            &object[object.len() - trailer_len..],
            len,
            &world.expected,
            &world.alice.keys,
        )
    };
    let len = object.len() as u64;
    assert!(start(len).is_ok());
    for other in [0, 100, len - 1, len + 1, len + FULL as u64] {
        assert!(start(other).is_err(), "{other}");
    }
    assert!(RangeReader::tail(3).is_err());
    assert!(matches!(
        RangeReader::trailer(1000, [0xff; 4]),
        Err(ObjectError::TooLarge)
    ));
    assert!(matches!(
        RangeReader::trailer(1000, [0, 0, 4, 0]),
        Err(ObjectError::Truncated)
    ));
}

#[test]
fn a_stream_tells_its_progress_and_stops_when_told() {
    let world = World::new();
    let all = content(3 * FRAME_CONTENT);
    let told = AtomicU64::new(0);
    let cancel = AtomicBool::new(false);
    let stop_after = |bytes: u64| {
        let told = &told;
        let cancel = &cancel;
        move |total: u64| {
            told.store(total, Ordering::Relaxed);
            cancel.store(total >= bytes, Ordering::Relaxed);
        }
    };
    for threads in [1, 2] {
        for (bytes, cancelled) in [(u64::MAX, false), (1, true)] {
            cancel.store(false, Ordering::Relaxed);
            let watch = Watch {
                progress: &stop_after(bytes),
                cancel: &cancel,
            };
            let plan =
                SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
            let mut object = Vec::new();
            let sealed = seal_stream::<AwsLcAes>(
                plan,
                &world.alice.signer,
                threads,
                &all[..],
                &mut object,
                watch,
            );
            assert_eq!(matches!(sealed, Err(ObjectError::Cancelled)), cancelled);
            assert_eq!(told.load(Ordering::Relaxed) == all.len() as u64, !cancelled);
            assert_eq!(world.open(&object).is_ok(), !cancelled);

            let object = world.seal(&all);
            cancel.store(false, Ordering::Relaxed);
            let mut rest = &object[..];
            let prelude = read_prelude(&mut rest).unwrap();
            let plan =
                OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
            let opened = open_stream::<AwsLcAes>(plan, threads, rest, std::io::sink(), watch);
            assert_eq!(matches!(opened, Err(ObjectError::Cancelled)), cancelled);
            assert_eq!(told.load(Ordering::Relaxed) == all.len() as u64, !cancelled);
        }
    }
}

/// Fails after some bytes, and otherwise gives and takes few bytes at a time.
struct Flaky {
    left: usize,
}

impl std::io::Write for Flaky {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left).min(70_000);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Read for Flaky {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let len = out.len();
        std::io::Write::write(self, &vec![0; len])
    }
}

#[test]
fn a_failing_disk_is_reported_and_nobody_waits_for_ever() {
    let world = World::new();
    let all = content(4 * FRAME_CONTENT);
    let object = world.seal(&all);
    let plan = || SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    for threads in [1, 2, 4] {
        for left in [0, 500, 1_500_000, 3_000_000] {
            let signer = &world.alice.signer;
            let sealed = seal_stream::<AwsLcAes>(
                plan(),
                signer,
                threads,
                &all[..],
                Flaky { left },
                Watch::none(),
            );
            assert!(matches!(sealed, Err(ObjectError::Io(_))), "{left}");
            let sealed = seal_stream::<AwsLcAes>(
                plan(),
                signer,
                threads,
                Flaky { left },
                std::io::sink(),
                Watch::none(),
            );
            assert!(matches!(sealed, Err(ObjectError::Io(_))), "{left}");
            let mut rest = &object[..];
            let prelude = read_prelude(&mut rest).unwrap();
            let plan =
                OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
            let opened =
                open_stream::<AwsLcAes>(plan, threads, rest, Flaky { left }, Watch::none());
            assert!(matches!(opened, Err(ObjectError::Io(_))), "{left}");
        }
    }
}

#[test]
fn a_progress_that_panics_does_not_leave_threads_behind() {
    let world = World::new();
    let all = content(4 * FRAME_CONTENT);
    let plan = SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    let cancel = AtomicBool::new(false);
    let watch = Watch {
        progress: &|_| panic!("as planned"),
        cancel: &cancel,
    };
    let run = std::panic::AssertUnwindSafe(|| {
        seal_stream::<AwsLcAes>(
            plan,
            &world.alice.signer,
            3,
            &all[..],
            std::io::sink(),
            watch,
        )
    });
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn a_prelude_is_read_and_nothing_after_it() {
    let world = World::new();
    let object = world.seal(b"content");
    let mut rest = &object[..];
    let prelude = read_prelude(&mut rest).unwrap();
    assert_eq!(prelude.bytes().len() + rest.len(), object.len());
    for cut in 0..prelude.bytes().len() {
        let read = read_prelude(&object[..cut]);
        assert!(matches!(read, Err(ObjectError::Truncated)), "{cut}");
    }
    assert!(matches!(
        read_prelude(&b"%PDF-1.7"[..]),
        Err(ObjectError::NotOurs)
    ));
}

/// Content that is made when it is read, and counts how far it was read.
struct Endless<'a> {
    left: u64,
    read: &'a AtomicU64,
}

impl std::io::Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.left.min(out.len() as u64);
        out[..count as usize].fill(b'w');
        self.left -= count;
        self.read.fetch_add(count, Ordering::SeqCst);
        Ok(count as usize)
    }
}

/// Takes content and forgets it; remembers how far reading was ahead of it at most.
struct Forgetful<'a> {
    written: u64,
    read: &'a AtomicU64,
    ahead: u64,
}

impl std::io::Write for Forgetful<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        assert!(bytes.iter().all(|byte| *byte == b'w'));
        let read = self.read.load(Ordering::SeqCst);
        self.ahead = self.ahead.max(read - self.written);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// From one end to the other, over a pipe that holds 64 KiB: whatever is under way lies in memory.
#[test]
fn a_stream_of_any_length_passes_in_the_same_memory() {
    let world = World::new();
    let (threads, most) = (2, 16 << 20);
    for len in [20_u64 << 20, 60 << 20] {
        let read = AtomicU64::new(0);
        let content = Endless {
            left: len,
            read: &read,
        };
        let mut taken = Forgetful {
            written: 0,
            read: &read,
            ahead: 0,
        };
        let (mut from, into) = std::io::pipe().unwrap();
        let plan = SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(9)).unwrap();
        let complete = std::thread::scope(|scope| {
            let signer = &world.alice.signer;
            scope.spawn(move || {
                seal_stream::<AwsLcAes>(plan, signer, threads, content, into, Watch::none())
                    .unwrap();
            });
            let prelude = read_prelude(&mut from).unwrap();
            let plan =
                OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
            open_stream::<AwsLcAes>(plan, threads, from, &mut taken, Watch::none()).unwrap()
        });
        assert_eq!((complete.content_len(), taken.written), (len, len));
        assert!(
            taken.ahead <= most,
            "{} bytes under way of {len}",
            taken.ahead
        );
    }
}
