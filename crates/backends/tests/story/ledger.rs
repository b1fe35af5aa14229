//! The ledger of quotas: never over, and there again after closing.

use base::tally::{Granted, Ledger, LedgerError, MemoryLedger, Meter, Reservation, Used, Window};
use base::world::Day;
use proptest::prelude::*;

use crate::bench::{Folder, wait};

#[derive(Clone, Debug)]
enum Step {
    Reserve { key: u8, day: u32, limit: u64, wish: u32 },
    GiveBack { key: u8, day: u32, units: u32 },
    Extend { key: u8, by: i64 },
    Forget { key: Option<u8> },
}

fn meter(key: u8) -> Meter {
    Meter { plan: "plan".into(), key: format!("key{key}").into() }
}

const WINDOW: Window = Window { first: Day(100), end: Day(107) };

fn take(ledger: &dyn Ledger, step: &Step) -> String {
    match step.clone() {
        Step::Reserve { key, day, limit, wish } => {
            let ask = Reservation { meter: meter(key), day: Day(day), window: WINDOW, limit, wish };
            told(wait(ledger.reserve(ask)))
        }
        Step::GiveBack { key, day, units } => told(wait(ledger.give_back(meter(key), Day(day), units))),
        Step::Extend { key, by } => told(wait(ledger.extend(meter(key), WINDOW.first, by))),
        Step::Forget { key } => told(wait(ledger.forget("plan".into(), key.map(|key| meter(key).key)))),
    }
}

fn told<T: std::fmt::Debug>(answer: Result<T, LedgerError>) -> String {
    format!("{:?}", answer.expect("the ledger answers"))
}

/// What was used; a day on which nothing is left in use may be told or not.
fn used(ledger: &dyn Ledger, key: Option<u8>) -> Vec<Used> {
    let mut used = wait(ledger.used("plan".into(), key.map(|key| meter(key).key), Day(101), Day(106))).expect("the ledger answers");
    used.retain(|line| line.units > 0);
    used
}

fn any_step() -> impl Strategy<Value = Step> {
    let (key, day) = (0..3u8, 100..107u32);
    prop_oneof![
        6 => (key.clone(), day.clone(), 0..400u64, 0..120u32)
            .prop_map(|(key, day, limit, wish)| Step::Reserve { key, day, limit, wish }),
        2 => (key.clone(), day, 0..50u32).prop_map(|(key, day, units)| Step::GiveBack { key, day, units }),
        1 => (key.clone(), -50..50i64).prop_map(|(key, by)| Step::Extend { key, by }),
        1 => proptest::option::of(key).prop_map(|key| Step::Forget { key }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn both_ledgers_say_the_same_to_the_same_history(steps in proptest::collection::vec(any_step(), 1..30)) {
        let folder = Folder::new();
        let (memory, sqlite) = (MemoryLedger::default(), folder.ledger());
        for step in &steps {
            prop_assert_eq!(take(&memory, step), take(&sqlite, step), "{:?}", step);
        }
        wait(sqlite.close());
        let reopened = folder.ledger();
        for key in [None, Some(0), Some(1), Some(2)] {
            prop_assert_eq!(used(&memory, key), used(&reopened, key));
        }
    }
}

#[test]
fn many_at_once_are_granted_the_limit_and_not_one_more() {
    let folder = Folder::new();
    let ledger = folder.ledger();
    let ask = || Reservation { meter: meter(0), day: Day(103), window: WINDOW, limit: 1000, wish: 100 };
    let asked: Vec<_> = (0..600).map(|_| ledger.reserve(ask())).collect();
    let granted: Vec<Granted> = asked.into_iter().map(|asked| wait(asked).unwrap()).collect();
    assert_eq!(granted.iter().map(|granted| u64::from(granted.units)).sum::<u64>(), 1000);
    assert_eq!(granted.last(), Some(&Granted { units: 0, unreserved: 0 }));
}

#[test]
fn a_closed_ledger_is_away() {
    let folder = Folder::new();
    let ledger = folder.ledger();
    wait(ledger.close());
    assert!(wait(ledger.extend(meter(0), Day(1), 1)).is_err());
}
