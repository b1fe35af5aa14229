//! Figures of many rounds, as one.

use crate::load::Counted;
use serde_json::{Value, json};

/// What one round found of one peer.
pub(crate) struct Round {
    pub(crate) number: usize,
    pub(crate) counted: Counted,
    pub(crate) resident_bytes: u64,
    /// Bytes of each answer's body.
    pub(crate) body_bytes: usize,
}

impl Round {
    /// Microseconds of processor time for each answer.
    fn cpu_us(&self) -> f64 {
        self.counted.metered as f64 / 1000.0 / self.counted.answers.max(1) as f64
    }

    fn per_second(&self) -> f64 {
        self.counted.answers as f64 / self.counted.seconds
    }

    /// How much of one core it had.
    fn core_share(&self) -> f64 {
        self.counted.metered as f64 / 1e9 / self.counted.seconds
    }
}

/// All rounds of one peer.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
}

impl Row {
    pub(crate) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }

    /// The median of what this took of another's processor time, round by round: what disturbed both of a pair does not count.
    pub(crate) fn ratio_to(&self, other: &Row) -> f64 {
        let pair = |mine: &Round| {
            let theirs = other.rounds.iter().find(|theirs| theirs.number == mine.number)?;
            Some(mine.cpu_us() / theirs.cpu_us())
        };
        median(self.rounds.iter().filter_map(pair).collect())
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "cpuUs": rounded(self.median(Round::cpu_us)),
            "perSecond": rounded(self.median(Round::per_second)),
            "p50Us": rounded(self.median(|round| round.counted.p50_us)),
            "p99Us": rounded(self.median(|round| round.counted.p99_us)),
            "residentBytes": self.median(|round| round.resident_bytes as f64) as u64,
            "bad": self.bad(),
        })
    }

    fn bad(&self) -> u64 {
        self.rounds.iter().map(|round| round.counted.bad).sum()
    }
}

/// Prints a table of rows.
pub(crate) fn print(title: &str, rows: &[Row]) {
    println!("\n{title}");
    println!(
        "{:<14}{:>9}{:>16}{:>11}{:>9}{:>9}{:>9}{:>9}{:>8}{:>6}",
        "", "CPU us", "(least-most)", "answers/s", "MB/s", "p50 us", "p99 us", "core %", "RSS MB", "bad"
    );
    for row in rows.iter().filter(|row| !row.rounds.is_empty()) {
        let all = row.rounds.iter().map(Round::cpu_us);
        let (least, most) = (all.clone().fold(f64::MAX, f64::min), all.fold(0.0, f64::max));
        println!(
            "{:<14}{:>9.2}{:>16}{:>11.0}{:>9.0}{:>9.0}{:>9.0}{:>9.0}{:>8.1}{:>6}",
            row.name,
            row.median(Round::cpu_us),
            format!("{least:.2}-{most:.2}"),
            row.median(Round::per_second),
            row.median(|round| round.per_second() * round.body_bytes as f64 / 1e6),
            row.median(|round| round.counted.p50_us),
            row.median(|round| round.counted.p99_us),
            row.median(|round| round.core_share() * 100.0),
            row.median(|round| round.resident_bytes as f64 / 1e6),
            row.bad(),
        );
    }
}

/// The middle of them; of an even number, the mean of the two in the middle.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    match all.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => all[odd / 2],
        even => f64::midpoint(all[even / 2 - 1], all[even / 2]),
    }
}

/// To three decimals: more would be noise.
pub(crate) fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(all: &[(usize, u64)]) -> Row {
        let counted = |metered| Counted { answers: 1000, bad: 0, seconds: 1.0, p50_us: 0.0, p99_us: 0.0, metered };
        let round =
            |(number, us): &(usize, u64)| Round { number: *number, counted: counted(us * 1_000_000), resident_bytes: 0, body_bytes: 0 };
        Row { name: "one", rounds: all.iter().map(round).collect() }
    }

    #[test]
    fn ratios_pair_what_ran_in_the_same_round() {
        // The second round was disturbed for both, and the third is missing on one side.
        let (mine, theirs) = (row(&[(0, 10), (1, 40), (2, 90)]), row(&[(1, 80), (0, 20)]));
        assert_eq!(mine.ratio_to(&theirs), 0.5);
        assert!(mine.ratio_to(&row(&[])).is_nan());
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert_eq!(median(vec![4.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
