//! Attacks over bare sockets on a whole node: edge, desk, and an HTTP_PROXY integration to a back end that writes down every byte.
//!
//! What is proved is the gateway's worth: whatever a stranger sends, the back end sees nothing, or exactly the requests that were meant,
//! each written in the one way that nobody can read differently. What a back end sends is held to the same rule towards the client.

#![expect(clippy::unwrap_used, reason = "all of this is tests, the helpers included")]

mod answers;
mod backend;
mod bodies;
mod case;
mod heads;
mod house;
mod http2;
mod strict;

use case::{Case, Form};
use house::House;

/// Runs every case in every form on one node, then holds what the back end saw against what was meant.
fn prove(name: &str, cases: &[Case]) {
    let house = House::new();
    let (mut sent, mut flaws) = (0, Vec::new());
    for form in Form::ALL {
        for case in cases {
            let number = sent;
            sent += 1;
            if let Err(why) = house.attack(number, case, form) {
                flaws.push(format!("{} ({form:?}): {why}", case.name));
            }
        }
    }
    let seen = house.end();
    for (number, (form, case)) in Form::ALL.iter().flat_map(|form| cases.iter().map(move |case| (form, case))).enumerate() {
        if let Err(why) = seen.holds(number, case) {
            flaws.push(format!("{} ({form:?}): {why}", case.name));
        }
    }
    flaws.extend(seen.strange());
    println!("{name}: {} cases, {sent} attacks, {} requests reached the back end, {} flaws", cases.len(), seen.count(), flaws.len());
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

#[test]
fn no_head_is_read_in_two_ways() {
    prove("heads", &heads::cases());
}

#[test]
fn no_body_ends_in_two_places() {
    prove("bodies", &bodies::cases());
}

#[test]
fn no_answer_is_taken_for_another() {
    answers::prove();
}

#[test]
fn no_frame_brings_what_http_1_would_refuse() {
    http2::prove();
}

#[test]
fn no_answer_is_taken_for_another_through_http_2() {
    http2::prove_answers();
}

#[test]
fn a_flood_of_frames_costs_its_own_connection_alone() {
    http2::prove_floods();
}

#[test]
fn the_judge_sees_what_is_ambiguous() {
    strict::sees_what_is_ambiguous();
}
