//! What looks at many rows leaves connections to others.

use firma_persistence::{Database, Fault, Settings, Tx};
use firma_testing::{Server, TestDatabase};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Long enough for who may begin to have begun.
const MOMENT: Duration = Duration::from_millis(200);

fn wait<T>(asked: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(asked)
}

#[test]
fn slow_reports_leave_connections_to_others() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let sources = server.database.sources.clone();
        let settings = Settings {
            connections: Some(2),
            ..Settings::new(server.base.target().clone())
        };
        let database = Database::open(&settings, sources).unwrap();
        let (begins, begun) = channel();
        let slow = |begins: Sender<()>, goes: Receiver<()>| {
            let goes = Mutex::new(goes);
            let run = move |_: &mut Tx<'_>| {
                begins.send(()).unwrap();
                goes.lock().unwrap().recv().unwrap();
                Ok::<_, Fault>(())
            };
            wait(database.read_widely(run)).unwrap();
        };
        std::thread::scope(|scope| {
            let go: Vec<Sender<()>> = (0..3)
                .map(|_| {
                    let (go, goes) = channel();
                    let begins = begins.clone();
                    scope.spawn(move || slow(begins, goes));
                    go
                })
                .collect();
            begun.recv().unwrap();
            std::thread::sleep(MOMENT);
            assert!(begun.try_recv().is_err(), "a second one at once");
            wait(database.read(|_: &mut Tx<'_>| Ok::<_, Fault>(()))).unwrap();

            // Who has waited long enough is told to come again.
            let hasty = database.clone().with_patience(MOMENT);
            let refused = wait(hasty.read_widely(|_: &mut Tx<'_>| Ok::<_, Fault>(())));
            assert!(matches!(refused, Err(Fault::Busy)), "{refused:?}");
            go.iter().for_each(|go| go.send(()).unwrap());
            (0..2).for_each(|_| begun.recv().unwrap());
        });
        // Nor does one begin in the place of one that nobody waits for any more, and that goes on.
        let (go, goes) = channel();
        let goes = Mutex::new(goes);
        let begins = begins.clone();
        let left = database.read_widely(move |_: &mut Tx<'_>| {
            begins.send(()).unwrap();
            goes.lock().unwrap().recv().unwrap();
            Ok::<_, Fault>(())
        });
        wait(async { tokio::time::timeout(MOMENT, left).await.unwrap_err() });
        begun.recv().unwrap();
        let hasty = database.clone().with_patience(MOMENT);
        let refused = wait(hasty.read_widely(|_: &mut Tx<'_>| Ok::<_, Fault>(())));
        assert!(matches!(refused, Err(Fault::Busy)), "{refused:?}");
        go.send(()).unwrap();
        wait(database.read_widely(|_: &mut Tx<'_>| Ok::<_, Fault>(()))).unwrap();
    }
}
