//! The threads that own the connections. PostgreSQL: each takes any call. SQLite: a reader a core, and
//! one writer that takes the calls that wait together and commits them once.

use super::call::{Verdict, Work};
use super::meter::Meter;
use super::queue::{self, Next};
use super::seat::{Seat, Stage};
use crate::fault::Fault;
use crate::store::Attempt;
use crossbeam_channel::Receiver;
use std::time::{Duration, Instant};

const ATTEMPTS: usize = 3;
/// The most calls that one commit of SQLite's writer carries.
const GROUP: usize = 64;
/// How long it takes in more of them: the first one waits for all of its commit's.
const GATHERED: Duration = Duration::from_millis(50);

/// What becomes of a thread's connection while nobody calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest {
    /// It stays as it is
    Stay,
    /// It is opened at once; one that broke is replaced after that time at the latest
    Keep(Duration),
    /// It is closed after that time
    Close(Duration),
}

/// The next call; none when the last of the database's owners is gone.
fn next(seat: &mut Seat, calls: &queue::Receiver, rest: Rest) -> Option<Box<dyn Work>> {
    let time = match rest {
        Rest::Stay => None,
        Rest::Keep(time) | Rest::Close(time) => Some(time),
    };
    loop {
        match calls.next(time) {
            Next::Call(call) => return Some(call),
            Next::End => return None,
            Next::Nothing => match rest {
                // Where there is none to be had, the next call says so.
                Rest::Keep(_) => drop(seat.sit().and_then(|()| {
                    seat.check();
                    seat.sit()
                })),
                _ => seat.stand_up(),
            },
        }
    }
}

/// Reads, and on PostgreSQL writes too, each by itself.
pub(super) fn serve(mut seat: Seat, calls: &queue::Receiver, meter: &Meter, rest: Rest) {
    if let Rest::Keep(_) = rest {
        drop(seat.sit());
    }
    while let Some(mut call) = next(&mut seat, calls, rest) {
        if !call.is_awaited() {
            continue;
        }
        let _busy = meter.busy();
        call.about().around_work(|| work_off(&mut seat, call.as_mut()));
        call.settle();
        seat.tidy();
    }
}

fn work_off(seat: &mut Seat, call: &mut dyn Work) {
    call.taken();
    for left in (0..ATTEMPTS).rev() {
        let attempt = match left {
            0 => Attempt::Last,
            _ if left + 1 == ATTEMPTS => Attempt::First,
            _ => Attempt::Another,
        };
        let verdict = match seat.sit() {
            Err(fault) => {
                call.fail(fault);
                Verdict::Refused
            }
            Ok(()) if call.writes() => transaction(seat, call, attempt),
            Ok(()) => call.attempt(seat, attempt),
        };
        match verdict {
            Verdict::Again if left > 0 => continue,
            Verdict::Away => {
                seat.stand_up();
                // Nothing of it is stored, so it is asked again of a new connection.
                if left > 0 {
                    continue;
                }
            }
            // PostgreSQL may only follow another by now, and its URL name that one, too.
            Verdict::Unsure if call.unwritable().is_some() => seat.stand_up(),
            Verdict::Unsure => seat.check(),
            _ => {}
        }
        break;
    }
}

/// The call begins its transaction itself, once it needs one.
fn transaction(seat: &mut Seat, call: &mut dyn Work, attempt: Attempt) -> Verdict {
    let verdict = call.attempt(seat, attempt);
    match std::mem::take(&mut seat.stage) {
        Stage::Open => {}
        Stage::None => return verdict,
        // When the connection goes with it, nobody knows whether it came through.
        Stage::Sent if matches!(verdict, Verdict::Away) => return Verdict::Unsure,
        Stage::Sent => {
            if let Verdict::Done = verdict {
                seat.meter.stored(true);
            }
            return verdict;
        }
    }
    if let Verdict::Done = verdict {
        // Asked only where nothing could be stored before: most calls that write have something to store.
        let has_stored = seat.meter.is_unwritable() && seat.has_stored();
        return match seat.batch("COMMIT") {
            Ok(()) => {
                if has_stored {
                    seat.meter.stored(true);
                }
                Verdict::Done
            }
            Err(fault) => {
                // When the connection goes with a COMMIT, nobody knows whether it came through.
                let verdict = match fault {
                    Fault::Again => Verdict::Again,
                    _ => Verdict::Unsure,
                };
                call.fail(fault);
                seat.fence = None;
                verdict
            }
        };
    }
    // What was set in the transaction is undone with it.
    seat.fence = None;
    if seat.batch("ROLLBACK").is_err() {
        seat.stand_up();
    }
    verdict
}

/// SQLite's one writer: one COMMIT for all that wait, and only then the answers.
pub(super) fn write_in_groups(mut seat: Seat, calls: Receiver<Box<dyn Work>>, meter: &Meter) {
    while let Ok(first) = calls.recv() {
        if !first.is_awaited() {
            continue;
        }
        let _busy = meter.busy();
        let mut group = vec![first];
        let behind = calls.len();
        match write(&mut seat, &mut group, &calls) {
            Ok(()) => {
                group.into_iter().for_each(|call| call.settle());
                seat.tidy();
            }
            Err(fault) => {
                let _ = seat.batch("ROLLBACK");
                if let Fault::Busy = fault {
                    // Those behind it waited for the same, and would one after the other wait as long again.
                    group.extend(calls.try_iter().take(behind));
                }
                refuse(group, &fault);
                seat.check();
            }
        }
    }
}

/// The calls that wait, in one transaction. A savepoint for each would write every page that a call touches once more,
/// two thirds of all that is written; so they only get one when a call of theirs has to be undone.
fn write(
    seat: &mut Seat,
    group: &mut Vec<Box<dyn Work>>,
    calls: &Receiver<Box<dyn Work>>,
) -> Result<(), Fault> {
    seat.sit()?;
    let stored = seat.changes()?;
    seat.batch("BEGIN IMMEDIATE")?;
    let begun = Instant::now();
    let mut next = group.pop();
    while let Some(mut call) = next {
        call.taken();
        let ran = call.about().around_work(|| plainly(seat, call.as_mut()));
        group.push(call);
        let is_clean = ran?;
        if !is_clean {
            // It fails where the fault took the transaction with it.
            let _ = seat.batch("ROLLBACK");
            seat.batch("BEGIN IMMEDIATE")?;
            for call in group.iter_mut() {
                call.about().around_work(|| saved(seat, call.as_mut()))?;
            }
            break;
        }
        next = match group.len() < GROUP && begun.elapsed() < GATHERED {
            true => calls.try_iter().find(|call| call.is_awaited()),
            false => None,
        };
    }
    seat.batch("COMMIT")?;
    // What was undone is counted, too.
    if seat.changes().is_ok_and(|now| stored < now) && group.iter().all(|call| call.unwritable().is_none()) {
        seat.meter.stored(true);
    }
    Ok(())
}

/// Runs a call without a savepoint. Whether the transaction then holds nothing of it, if it failed.
fn plainly(seat: &mut Seat, call: &mut dyn Work) -> Result<bool, Fault> {
    let before = seat.changes()?;
    Ok(match call.attempt(seat, Attempt::Last) {
        Verdict::Done => true,
        Verdict::Refused => seat.changes()? == before,
        // Some faults take the whole transaction with them.
        _ => false,
    })
}

fn saved(seat: &mut Seat, call: &mut dyn Work) -> Result<(), Fault> {
    seat.batch("SAVEPOINT call")?;
    match call.attempt(seat, Attempt::Last) {
        Verdict::Done => seat.batch("RELEASE call"),
        // Some faults take the whole transaction with them, a full disk is one; then that is what is wrong.
        _ => seat
            .batch("ROLLBACK TO call; RELEASE call")
            .map_err(|fault| call.unwritable().unwrap_or(fault)),
    }
}

fn refuse(calls: Vec<Box<dyn Work>>, fault: &Fault) {
    log::warn!("calls that waited were not written: {fault}");
    for mut call in calls {
        call.fail(match fault {
            Fault::Away => Fault::Away,
            Fault::Busy => Fault::Busy,
            Fault::Unwritable(why) => Fault::Unwritable(why.clone()),
            other => Fault::internal(other),
        });
        call.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::call::Call;
    use crate::backend::seat::tests::seat;
    use crate::sql::{Sql, Value};
    use crate::store::{Origin, Tx};
    use diesel::sql_types::BigInt;
    use std::path::PathBuf;
    use tempfile::TempDir;
    use tokio::sync::oneshot::Receiver as Answer;

    type Ran = fn(&mut Tx<'_>) -> Result<(), Fault>;

    fn store(tx: &mut Tx<'_>, n: i64) -> Result<(), Fault> {
        let insert = Sql::<()>::text("INSERT INTO kept (n) VALUES (");
        insert.bind(Value::Big(n)).then(")").run(tx).map(drop)
    }

    /// A file with a table, and somebody who has it open.
    fn begun() -> (TempDir, PathBuf, Seat) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("firma.db");
        let mut first = seat(&file);
        first.sit().unwrap();
        first
            .batch("PRAGMA journal_mode = WAL; CREATE TABLE kept (n BIGINT)")
            .unwrap();
        (folder, file, first)
    }

    /// What becomes of calls that all wait before the writer begins: whether each succeeded, and what is stored.
    fn written(calls: &[Ran]) -> (Vec<bool>, Vec<i64>) {
        let (_folder, file, mut first) = begun();
        let (sender, receiver) = crossbeam_channel::unbounded();
        let send = |run: &Ran| -> Answer<Result<(), Fault>> {
            let (call, answer) = Call::asked(*run, Some(Origin::default()), None);
            sender.send(call).unwrap();
            answer
        };
        let answers: Vec<_> = calls.iter().map(send).collect();
        drop(sender);
        write_in_groups(seat(&file), receiver, &Meter::new(1));
        let fine = |answer: Answer<Result<(), Fault>>| answer.blocking_recv().unwrap().is_ok();
        let stored = Sql::<BigInt>::text("SELECT n FROM kept ORDER BY n");
        let stored = stored.rows_on(first.parts().unwrap().conn).unwrap();
        (answers.into_iter().map(fine).collect(), stored)
    }

    #[test]
    fn what_a_call_stored_before_it_failed_goes_alone() {
        let refused: Ran = |tx| store(tx, 2).and(Err(Fault::Missing));
        let panics: Ran = |tx| {
            store(tx, 3)?;
            panic!("as it is meant to")
        };
        let calls: [Ran; 5] = [
            |tx| store(tx, 1),
            refused,
            panics,
            |_| Err(Fault::Missing),
            |tx| store(tx, 5),
        ];
        let (fine, stored) = written(&calls);
        assert_eq!(fine, [true, false, false, false, true]);
        assert_eq!(stored, [1, 5]);
    }

    #[test]
    fn where_a_call_takes_the_transaction_with_it_nobody_is_told_that_it_is_done() {
        let gone: Ran = |tx| {
            tx.conn()?.batch("ROLLBACK")?;
            Err(Fault::internal("the disk is full"))
        };
        let (fine, stored) = written(&[|tx| store(tx, 1), gone, |tx| store(tx, 3)]);
        // Those behind it are written in the next group.
        assert_eq!(fine, [false, false, true]);
        assert_eq!(stored, [3]);
    }

    #[test]
    fn a_full_disk_is_told_as_that_and_leaves_nothing() {
        let (_folder, file, mut first) = begun();
        let (sender, receiver) = crossbeam_channel::unbounded();
        // As many pages as there are, and no more.
        let full: Ran = |tx| {
            store(tx, 1)?;
            let fill = "PRAGMA max_page_count = 1; INSERT INTO kept SELECT zeroblob(1000000)";
            tx.conn()?.batch(fill).map_err(Fault::from)
        };
        let (call, answer) = Call::asked(full, Some(Origin::default()), None);
        sender.send(call).unwrap();
        drop(sender);
        write_in_groups(seat(&file), receiver, &Meter::new(1));
        let told = answer.blocking_recv().unwrap();
        assert!(
            matches!(&told, Err(Fault::Unwritable(why)) if why.contains("full")),
            "{told:?}"
        );
        let stored = Sql::<BigInt>::text("SELECT COUNT(*) FROM kept");
        assert_eq!(stored.one_on::<i64>(first.parts().unwrap().conn).unwrap(), 0);
    }

    #[test]
    fn while_another_process_writes_all_that_wait_are_refused_together() {
        let (_folder, file, mut other) = begun();
        other.batch("BEGIN IMMEDIATE").unwrap();
        let (sender, receiver) = crossbeam_channel::unbounded();
        let answers: Vec<Answer<Result<(), Fault>>> = (0..8)
            .map(|_| {
                let run: Ran = |tx| store(tx, 1);
                let (call, answer) = Call::asked(run, Some(Origin::default()), None);
                sender.send(call).unwrap();
                answer
            })
            .collect();
        drop(sender);
        let writer = std::thread::spawn({
            let seat = seat(&file);
            move || write_in_groups(seat, receiver, &Meter::new(1))
        });
        let is_refused = |answer: Answer<Result<(), Fault>>| {
            assert!(matches!(answer.blocking_recv().unwrap(), Err(Fault::Busy)));
        };
        let mut answers = answers.into_iter();
        answers.next().into_iter().for_each(is_refused);
        // One that was still waiting would be written now.
        other.batch("ROLLBACK").unwrap();
        answers.for_each(is_refused);
        writer.join().unwrap();
    }
}
