//! `appliance phone …`.

use std::process::ExitCode;

use desk::call::{Call, Direction, first_sound};
use jiff::Timestamp;

use super::print;
use crate::admin::{AdminClient, CallRecord, PhoneStatus};
use crate::cli::PhoneCommand;
use crate::config::Config;

/// Asks the running server.
///
/// # Errors
/// When it does not run, or knows no such call.
pub(crate) async fn run(command: PhoneCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&config.admin_socket())?;
    match command {
        PhoneCommand::Status => {
            let status: PhoneStatus = admin.get("/phone").await?;
            if json { print::json(&status)? } else { show_status(&status) }
        }
        PhoneCommand::Calls { last } => {
            let calls: Vec<Call> = admin.get(&format!("/phone/calls?last={last}")).await?;
            if json { print::json(&calls)? } else { show_calls(&calls) }
        }
        PhoneCommand::Call { id } => {
            let record: CallRecord = admin.get(&format!("/phone/calls/{id}")).await?;
            if json { print::json(&record)? } else { show_call(&record) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_status(status: &PhoneStatus) {
    if !status.enabled {
        print::line("There is no telephone: phone.enabled is false.");
        return;
    }
    for address in &status.listens {
        print::line(format_args!("listens on {address}"));
    }
    let (ready, all) = status.prompts;
    print::line(format_args!("{ready} of {all} fixed texts are ready to be said"));
    match status.standings.as_slice() {
        [] => print::line("no calls at the moment"),
        standings => print::line(format_args!("calls at the moment ({}): {}", standings.len(), standings.join(", "))),
    }
    for (name, up) in &status.exchanges {
        print::line(format_args!("exchange {name}: {}", if *up { "answers" } else { "does not answer" }));
    }
    for (user, telephones) in &status.extensions {
        match telephones {
            0 => print::line(format_args!("extension {user}: no telephone has registered")),
            1 => print::line(format_args!("extension {user}: registered")),
            more => print::line(format_args!("extension {user}: registered, {more} telephones")),
        }
    }
}

fn show_calls(calls: &[Call]) {
    if calls.is_empty() {
        print::line("No calls yet. `appliance phone status` tells where the telephone listens.");
        return;
    }
    let now = Timestamp::now();
    let rows = calls.iter().map(|call| {
        [
            call.id.to_string(),
            call.started_at.to_zoned(desk::calendar::bucharest()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            if call.direction == Direction::In { "in" } else { "out" }.to_owned(),
            call.language.to_string(),
            call.caller.as_ref().map(|caller| caller.as_str().to_owned()).unwrap_or_default(),
            call.department.as_ref().map(|department| department.0.clone()).unwrap_or_default(),
            call.ended.map_or_else(|| call.standing.name().to_owned(), |ended| ended.how.name().to_owned()),
            call.seconds(now).to_string(),
            first_sound(&call.timings).map(|(median, _)| median.to_string()).unwrap_or_default(),
        ]
    });
    print::table(
        &["CALL", "BEGAN", "WAY", "LANGUAGE", "CALLER", "DEPARTMENT", "STANDS", "SECONDS", "FIRST SOUND (ms)"],
        rows,
    );
}

fn show_call(record: &CallRecord) {
    show_calls(std::slice::from_ref(&record.call));
    print::line("");
    for turn in &record.turns {
        print::line(format_args!("{:>9}: {}", turn.by, turn.text.replace('\n', "\n           ")));
        match turn.heard.as_deref() {
            Some("") => print::line(format_args!("           (interrupted before any of it was heard)")),
            Some(heard) => print::line(format_args!("           (interrupted; heard: {heard})")),
            None => {}
        }
        for source in &turn.sources {
            print::line(format_args!("{:>9}  [{source}]", ""));
        }
    }
    if record.call.timings.is_empty() {
        return;
    }
    print::line("");
    let ms = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
    let rows = record.call.timings.iter().map(|timing| {
        [
            timing.turn.map(|turn| turn.to_string()).unwrap_or_default(),
            format!("{:.1}", timing.stopped_ms as f64 / 1e3),
            ms(timing.decided_ms),
            ms(timing.words_ms),
            ms(timing.answer_ms),
            ms(timing.sound_ms),
            ms(timing.silenced_ms),
        ]
    });
    print::line("From the end of speech, in ms:");
    print::table(&["TURN", "AT (s)", "DECIDED", "WORDS", "ANSWER", "FIRST SOUND", "SILENCED"], rows);
}
