//! Files in archives: those that come and go meanwhile, and those that aren't what their rows tell.

use crate::archive::{others, text};
use crate::house::{House, at};
use firma_testing::{Client, Stop};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A text that a member sends.
fn upload(owner: &Client, name: &str) {
    let body = format!(
        "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}.txt\"\r\n\r\n{name}\r\n--cut--\r\n"
    );
    let form = [("content-type", "multipart/form-data; boundary=cut")];
    owner
        .send("POST", &at("files"), &form, Some(body.as_bytes()))
        .expect(201);
}

/// The keys of files that are there, and their sizes.
fn stored(house: &House) -> Vec<(String, u64)> {
    let query = "SELECT storage_key || ' ' || size FROM files WHERE deleted_at IS NULL ORDER BY 1";
    let read = |line: &String| {
        let (key, size) = line.split_once(' ').unwrap();
        (key.to_owned(), size.parse().unwrap())
    };
    house.database.lines(query).iter().map(read).collect()
}

/// Else damage goes from archive to archive, each called good, until none is left.
#[test]
fn bytes_that_are_not_what_their_row_tells_are_not_called_good() {
    for house in House::each() {
        house.found();
        let server = house.start();
        upload(&house.owner(&server), "first");
        let path = house.folder.path().join("data/files").join(&stored(&house)[0].0);
        let archive = |name: &str| house.folder.path().join(name);
        house
            .run(&["backup", text(&archive("good.backup")), "--prove"], "")
            .fine();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let told = house.run(&["backup", text(&archive("one.backup")), "--prove"], "");
        assert_eq!(told.code, Some(4), "{told:?}");
        assert!(told.err.contains("aren't those that their rows tell"), "{told:?}");
        assert!(!archive("one.backup").exists() && archive("one.unproved.backup").exists());
        house.run(&["doctor"], "").fine();
        std::fs::write(&path, &bytes[1..]).unwrap();
        let told = house.run(&["doctor"], "");
        assert!(
            told.code == Some(3) && told.out.contains("WRONG files: "),
            "{told:?}"
        );
    }
}

#[test]
fn files_that_come_and_go_while_it_is_made_do_not_stop_it() {
    for house in House::each() {
        house.found();
        let server = house.start();
        let owner = house.owner(&server);
        upload(&owner, "first");
        let folder = house.folder.path().join("data/files");
        let folder = folder.join(Path::new(&stored(&house)[0].0).parent().unwrap());
        let archive = |n: u32| house.folder.path().join(format!("{n}.backup"));
        let done = &AtomicBool::new(false);
        let part_of = |n: u32| house.folder.path().join(format!("{n}.backup.part"));
        std::thread::scope(|scope| {
            let _stop = Stop(done);
            // Uploads by the API, and larger ones: whole under another name at their end.
            scope.spawn(|| {
                for n in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    upload(&owner, &format!("sent-{n}"));
                }
            });
            scope.spawn(|| {
                for n in 0..u32::MAX {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let path = folder.join(format!("zz-{}", n % 100));
                    let part = path.with_extension("part");
                    std::fs::write(&part, [0_u8; 4_096]).unwrap();
                    std::thread::sleep(Duration::from_millis(2));
                    std::fs::rename(part, path).unwrap();
                }
            });
            let make = |n: u32| {
                // What was deleted long ago goes while the archive is made, the last first.
                let gone = |n: u32| folder.join(format!("gone-{n:03}"));
                for n in 0..200 {
                    std::fs::write(gone(n), vec![7_u8; 20_000]).unwrap();
                }
                let clean_up = scope.spawn(move || {
                    while !part_of(n).exists() && !archive(n).exists() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    for n in (0..200).rev() {
                        std::fs::remove_file(gone(n)).unwrap();
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                let ran = house.run(&["backup", text(&archive(n))], "");
                clean_up.join().unwrap();
                ran
            };
            (0..3).map(make).for_each(|ran| drop(ran.fine()));
        });
        for other in others(&house) {
            other.run(&["restore", text(&archive(2))], "").fine();
            let there = other.folder.path().join("data/files");
            let files = stored(&other);
            assert!(files.len() > 1);
            for (key, size) in files {
                assert_eq!(std::fs::metadata(there.join(&key)).unwrap().len(), size, "{key}");
            }
            let there = there.join(folder.file_name().unwrap());
            for entry in std::fs::read_dir(there).unwrap() {
                assert_eq!(entry.unwrap().path().extension(), None);
            }
        }

        // What a row names and isn't there is said, and the rest is kept.
        let key = &stored(&house)[0].0;
        std::fs::remove_file(house.folder.path().join("data/files").join(key)).unwrap();
        let ran = house.run_with(
            &[("FIRMA_LOG", "warn")],
            &["backup", text(&archive(3)), "--prove"],
            "",
        );
        assert!(
            ran.code == Some(0)
                && ran.err.contains(&format!(
                    "1 files that rows of the archive name aren't in it, since they are gone: {key}"
                )),
            "{ran:?}"
        );
    }
}
