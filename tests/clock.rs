//! A machine whose wall clock is wrong: what Webex says counts, and the operator is told.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use readback_sim::cluster::Seed;

use crate::support::bot::room::OpenRoom;
use crate::support::bot::{Local, now};
use crate::support::program::Program;
use crate::support::wait::PATIENCE;

fn an_hour_ahead() -> Timestamp {
    now() + SignedDuration::from_hours(1)
}

fn an_hour_behind() -> Timestamp {
    now() - SignedDuration::from_hours(1)
}

/// The body of `/readyz`, once it has a note.
async fn note(program: &Program) -> String {
    let started = Instant::now();
    loop {
        let reply = reqwest::get(program.url("/readyz")).await.unwrap();
        let (status, body) = (reply.status(), reply.text().await.unwrap());
        assert!(status.is_success(), "{body}");
        if body.contains("note:") {
            return body;
        }
        assert!(started.elapsed() < PATIENCE, "{body}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Plays an order and a card in a room whose clock differs from this machine's, which is `named` to the operator.
async fn nothing_is_late(clock: fn() -> Timestamp, named: &str, skew: f64) {
    let room = OpenRoom::new(clock).await;
    let local = Local::start(Seed::quick()).await;
    let program = Program::new(&room, &room.base, &local.tap.url, local.token(), "default").hooked();
    let _serving = program.serve_in(&room).await;
    let order = room.say("Ann", "kubectl scale deployment/nginx-deployment --replicas=3").await;
    room.told(&order, "Done, 3 of 3 ready").await;
    let minute = |at: Timestamp| (at + SignedDuration::from_mins(10)).strftime("%H:%M UTC").to_string();
    let before = minute(clock());
    let restart = room.say("Ann", "kubectl rollout restart deployment/nginx-deployment").await;
    let card = room.card(&restart).await;
    let facts = card["attachments"][0]["content"].to_string();
    let until = [before, minute(clock())];
    assert!(until.iter().any(|until| facts.contains(until)), "valid until {until:?} by Webex's clock: {facts}");
    room.press("Ann", &card, "confirm").await;
    room.told(&restart, "Done, 3 of 3 updated and ready").await;
    for message in room.said_by_bot().await {
        assert!(!message.to_string().contains("clock"), "{message}");
    }

    let body = note(&program).await;
    assert!(body.starts_with("ready\nnote: the clock of this machine is ") && body.contains(named), "{body}");
    let measured = program.figure("readback_clock_skew_seconds").await.unwrap();
    assert!((measured - skew).abs() < 3.0, "{measured}");
    assert!(program.log().contains(named), "{}", program.log());
    // The room answers on this thread.
    let mut command = program.command("doctor");
    let doctor = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let findings = String::from_utf8(doctor.stdout).unwrap();
    let finding =
        findings.lines().find(|line| line.starts_with("FAILED   clock: ")).unwrap_or_else(|| panic!("{findings}"));
    assert!(finding.contains(named), "{finding}");
}

#[tokio::test]
async fn a_wall_clock_that_is_an_hour_behind_makes_nothing_late_and_is_named() {
    nothing_is_late(an_hour_ahead, "behind Webex's", -3600.0).await;
}

#[tokio::test]
async fn a_wall_clock_that_is_an_hour_ahead_makes_nothing_late_and_is_named() {
    nothing_is_late(an_hour_behind, "ahead of Webex's", 3600.0).await;
}
