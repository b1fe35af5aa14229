//! Orders of turns: by weight, and around a ring.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Turns of one schedule. Weights that need more are rounded.
pub(super) const TURNS_MAX: u64 = 4_096;
/// Points of a target of weight 1 on a ring; fewer where weights are large.
const POINTS: u64 = 160;
/// Points of one ring.
const POINTS_MAX: u64 = 65_536;

/// Whose turn it is, turn by turn: each as often as its weight says, and spread as evenly as can be (smooth weighted round robin).
pub(super) fn turns(weights: &[u32]) -> Vec<u16> {
    let weights = reduced(weights);
    let total: u64 = weights.iter().sum();
    let mut credit = vec![0i64; weights.len()];
    let mut turns = Vec::with_capacity(total as usize);
    for _ in 0..total {
        for (credit, weight) in credit.iter_mut().zip(&weights) {
            *credit += *weight as i64;
        }
        // Of several with the same credit the first: so equal weights take turns in their order.
        let next = (0..credit.len()).rev().max_by_key(|n| credit[*n]).expect("somebody has a weight");
        credit[next] -= total as i64;
        turns.push(next as u16);
    }
    turns
}

/// The same weights in smaller numbers, which add up to [`TURNS_MAX`] at most (or to one for each).
fn reduced(weights: &[u32]) -> Vec<u64> {
    let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, u64::from(*weight))).max(1);
    let weights: Vec<u64> = weights.iter().map(|weight| u64::from(*weight) / divisor).collect();
    let total: u64 = weights.iter().sum();
    if total <= TURNS_MAX {
        return weights;
    }
    weights.iter().map(|weight| if *weight == 0 { 0 } else { (weight * TURNS_MAX / total).max(1) }).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Points on a ring, each with whose it is, in their order. They depend on names alone: who comes or goes moves only its own share.
pub(super) fn ring<'a>(names: impl Iterator<Item = (&'a str, u16, u32)> + Clone) -> Vec<(u64, u16)> {
    let total: u64 = names.clone().map(|(_, _, weight)| u64::from(weight)).sum();
    let each = POINTS.min(POINTS_MAX / total.max(1)).max(1);
    let mut points = Vec::new();
    for (n, (host, port, weight)) in names.enumerate() {
        for point in 0..each * u64::from(weight) {
            points.push((hash(&(host, port, point)), n as u16));
        }
    }
    points.sort_unstable();
    points
}

/// A place on the ring.
pub(super) fn hash(what: &impl Hash) -> u64 {
    // Its keys are fixed: all threads, and all nodes of a release, agree.
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(turns: &[u16], who: u16) -> usize {
        turns.iter().filter(|turn| **turn == who).count()
    }

    #[test]
    fn equal_weights_take_turns_in_their_order() {
        assert_eq!(turns(&[7, 7, 7]), [0, 1, 2]);
        assert_eq!(turns(&[1]), [0]);
        assert_eq!(turns(&[]), Vec::<u16>::new());
        assert_eq!(turns(&[0, 0]), Vec::<u16>::new());
    }

    #[test]
    fn large_weights_are_rounded_and_nobody_is_forgotten() {
        let turns = turns(&[1_000_000, 1, 999_999]);
        assert!(turns.len() as u64 <= TURNS_MAX + 1);
        assert_eq!(count(&turns, 1), 1);
        assert!(count(&turns, 0).abs_diff(count(&turns, 2)) <= 1);
    }

    proptest! {
        #[test]
        fn each_has_its_turns_exactly_and_spread_evenly(weights in prop::collection::vec(0u32..40, 1..12)) {
            let turns = turns(&weights);
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, u64::from(*weight))) as u32;
            prop_assert_eq!(turns.len() as u32, total / divisor);
            for (n, weight) in weights.iter().enumerate() {
                prop_assert_eq!(count(&turns, n as u16) as u32, weight / divisor);
            }
            // Wherever one begins to count, nobody is behind or ahead of its share by as many turns as there are targets.
            for (n, weight) in weights.iter().enumerate() {
                for upto in 1..=turns.len() {
                    let share = f64::from(*weight) / f64::from(total) * upto as f64;
                    prop_assert!((count(&turns[..upto], n as u16) as f64 - share).abs() < weights.len() as f64);
                }
            }
        }

        #[test]
        fn on_a_ring_who_goes_moves_only_its_own_keys(many in 2usize..8, gone in 0usize..8, keys in prop::collection::vec(any::<u64>(), 200)) {
            let gone = gone % many;
            let names: Vec<String> = (0..many).map(|n| format!("10.0.0.{n}")).collect();
            let all = ring(names.iter().map(|name| (name.as_str(), 80, 1)));
            let left = ring(names.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, name)| (name.as_str(), 80, 1)));
            let at = |ring: &[(u64, u16)], key: u64| {
                let point = ring.partition_point(|(point, _)| *point < key);
                usize::from(ring[point % ring.len()].1)
            };
            let mut moved = 0;
            for key in &keys {
                let (before, after) = (at(&all, *key), at(&left, *key));
                let after = if after >= gone { after + 1 } else { after };
                if before == gone {
                    moved += 1;
                } else {
                    prop_assert_eq!(before, after);
                }
            }
            // About one of `many`, within what chance allows.
            prop_assert!(moved <= keys.len() * 3 / many);
        }
    }
}
