//! What a pool holds and when it opens and closes.

use std::collections::VecDeque;
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::channel;

use proptest::prelude::*;

use super::*;

#[test]
fn files_of_the_same_path_share_nothing_and_are_closed_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let read = |file: &PooledFile| {
        let mut bytes = [0; 3];
        file.read_exact_at(&mut bytes, 1).map(|()| bytes)
    };
    std::fs::write(&path, b"-old").unwrap();
    let pool = FilePool::new(2);
    let old = pool.file(&path);
    assert_eq!(&read(&old).unwrap(), b"old");
    let other = folder.path().join("other");
    std::fs::write(&other, b"-new").unwrap();
    std::fs::rename(&other, &path).unwrap();
    let new = pool.file(&path);
    assert_eq!((&read(&old).unwrap(), &read(&new).unwrap()), (b"old", b"new"));
    assert_eq!(pool.held().len(), 2);
    drop((old, new));
    assert!(pool.held().is_empty());
}

#[test]
fn a_file_that_was_closed_is_not_taken_for_the_one_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, b"old").unwrap();
    let file = FilePool::new(0).file(&path);
    file.read_exact_at(&mut [0; 3], 0).unwrap();
    std::fs::write(&path, b"newer").unwrap();
    let error = file.read_exact_at(&mut [0; 3], 0).unwrap_err();
    assert!(error.to_string().contains("replaced"), "{error}");
}

/// The same file, whatever path is asked for.
fn some_file(counter: &Arc<AtomicUsize>) -> Opener {
    let counter = Arc::clone(counter);
    let file = tempfile::tempfile().unwrap();
    Box::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        file.try_clone()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The pool holds what a list does that puts every used file last and drops the first.
    #[test]
    fn the_least_recently_used_file_goes_first(capacity in 0_usize..5, uses in prop::collection::vec(0_usize..7, 0..40)) {
        let n_opened = Arc::new(AtomicUsize::new(0));
        let pool = FilePool::with_opener(capacity, some_file(&n_opened));
        let files: Vec<PooledFile> = (0..7).map(|name| pool.file(Path::new(&name.to_string()))).collect();
        let mut expected = VecDeque::new();
        let mut n_expected = 0;
        for used in uses {
            files[used].open().unwrap();
            match expected.iter().position(|held| *held == used) {
                Some(place) => drop(expected.remove(place)),
                None => n_expected += 1,
            }
            expected.push_back(used);
            while expected.len() > capacity {
                expected.pop_front();
            }
            let held: Vec<PathBuf> = expected.iter().map(|name| PathBuf::from(name.to_string())).collect();
            prop_assert_eq!(pool.held(), held);
        }
        prop_assert_eq!(n_opened.load(Ordering::SeqCst), n_expected);
    }
}

/// While one file is opened, which may take as long as it wants, all others can be used, opened and closed.
#[test]
fn nobody_waits_for_the_opening_of_another_file() {
    let (opening, is_opening) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let pool = FilePool::with_opener(
        2,
        Box::new(move |path| {
            if path == Path::new("slow") {
                opening.send(()).unwrap();
                lock(&may_go_on).recv().unwrap();
            }
            tempfile::tempfile()
        }),
    );
    let slow = pool.file(Path::new("slow"));
    let a = pool.file(Path::new("a"));
    let b = pool.file(Path::new("b"));
    a.open().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| slow.open().unwrap());
        is_opening.recv().unwrap();
        a.open().unwrap();
        // Room for the slow one was made before, so that there is room for one beside it.
        b.open().unwrap();
        assert_eq!(pool.held(), [Path::new("b")]);
        drop(pool.file(Path::new("c")).open().unwrap());
        drop(a);
        go_on.send(()).unwrap();
        waiting.join().unwrap();
    });
    assert_eq!(pool.held().last().unwrap(), Path::new("slow"));
}

#[test]
fn a_file_that_many_want_at_once_is_opened_once() {
    let n_opened = Arc::new(AtomicUsize::new(0));
    let pool = FilePool::with_opener(1, some_file(&n_opened));
    let file = pool.file(Path::new("a"));
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                file.open().unwrap();
            });
        }
    });
    assert_eq!(n_opened.load(Ordering::SeqCst), 1);
}

/// The rest of the process may hold as many files as it likes.
#[cfg(unix)]
#[test]
fn where_no_more_files_can_be_opened_those_of_the_pool_are_closed() {
    let n_tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_tries);
    let pool = FilePool::with_opener(
        8,
        Box::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            3 => Err(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error())),
            _ => tempfile::tempfile(),
        }),
    );
    let files: Vec<PooledFile> = (0..4).map(|name| pool.file(Path::new(&name.to_string()))).collect();
    for file in &files {
        file.open().unwrap();
    }
    assert_eq!((pool.held(), n_tries.load(Ordering::SeqCst)), (vec![PathBuf::from("3")], 5));
}

#[test]
fn a_quarter_of_the_files_of_the_process_is_kept_open() {
    let n_files = FilePool::of_process().capacity() as u64;
    assert!((FEWEST..=MOST).contains(&n_files) && n_files <= most_open_files().max(FEWEST * SHARE) / SHARE);
    assert!(Arc::ptr_eq(&FilePool::of_process().pool, &FilePool::of_process().pool));
}

/// Threads of the process that this one was forked from never end what they began.
#[test]
fn what_a_parent_was_opening_holds_up_no_child() {
    let (opening, is_opening) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let n_opened = AtomicUsize::new(0);
    // The same each time, as behind a path.
    let opened = tempfile::tempfile().unwrap();
    let pool = FilePool::with_opener(
        1,
        Box::new(move |_| {
            if n_opened.fetch_add(1, Ordering::SeqCst) == 0 {
                opening.send(()).unwrap();
                lock(&may_go_on).recv().unwrap();
            }
            opened.try_clone()
        }),
    );
    let file = pool.file(Path::new("a"));
    std::thread::scope(|scope| {
        let of_parent = scope.spawn(|| file.open().map(drop));
        is_opening.recv().unwrap();
        assert_eq!(pool.pool.held().n_opening, 1);
        lock(&pool.pool.held).process = Process::with_id(!std::process::id());
        lock(&file.slot.turn).0 = Process::with_id(!std::process::id());
        file.open().unwrap();
        assert_eq!(pool.pool.held().n_opening, 0);
        go_on.send(()).unwrap();
        of_parent.join().unwrap().unwrap();
    });
}
