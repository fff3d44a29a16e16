//! Who gets into the console, and who does not.

mod support;

use axum::http::StatusCode;
use desk::journal::Event;
use desk::operator::Role;
use desk::ports::accounts::Accounts;
use jiff::SignedDuration;
use support::{Desk, PASSWORD};

#[tokio::test]
async fn the_first_administrator_signs_in_once_with_the_one_time_password_and_chooses_another() {
    let desk = Desk::open().await;
    let accounts = desk.store.accounts();
    let now = jiff::Timestamp::now();
    let issued = console::accounts::first_administrator(&accounts, "admin", now).await.unwrap().unwrap();
    assert!(console::accounts::first_administrator(&accounts, "admin", now).await.unwrap().is_none());

    let mut browser = desk.browser();
    let answer = browser.get("/console").await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/console/sign-in"));
    let credentials = [("username", "Admin"), ("password", issued.one_time_password.as_str())];
    let answer = browser.post("/console/sign-in", &credentials).await;
    assert_eq!(answer.location, "/console");
    let answer = browser.get("/console").await;
    assert_eq!(answer.location, "/console/password", "nothing else before the password is changed");

    let short = [("current", issued.one_time_password.as_str()), ("new", "scurta"), ("repeat", "scurta")];
    let answer = browser.post("/console/password", &short).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("mai puțin de 12 caractere"));
    let good = [("current", issued.one_time_password.as_str()), ("new", PASSWORD), ("repeat", PASSWORD)];
    assert_eq!(browser.post("/console/password", &good).await.location, "/console?notice=password");
    let answer = browser.get("/console").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("Nu așteaptă nimeni"));

    let mut late = desk.browser();
    assert_eq!(late.post("/console/sign-in", &credentials).await.status, StatusCode::UNAUTHORIZED);
    assert!(desk.noted(Event::SignedIn).await >= 2);
    assert_eq!(desk.noted(Event::SignInRefused).await, 1);
}

#[tokio::test]
async fn a_sixth_guess_waits_and_says_for_how_long() {
    let desk = Desk::open().await;
    desk.account("ana", "Ana Pop", Role::Operator, &[]).await;
    let mut browser = desk.browser();
    let wrong = [("username", "ana"), ("password", "nu e asta")];
    for _ in 0..5 {
        let answer = browser.post("/console/sign-in", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.text.contains("nu se potrivesc") && answer.text.contains("value=\"ana\""));
    }
    let answer = browser.post("/console/sign-in", &wrong).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text.contains("15 min"), "{}", answer.text);
}

#[tokio::test]
async fn another_site_cannot_post_here() {
    let desk = Desk::open().await;
    let mut browser = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let (conversation, _) = desk.waiting("Unde depun cererea?", "registratura").await;
    browser.site = "cross-site";
    let take = format!("/console/conversations/{}/take", conversation.id);
    let answer = browser.post(&take, &[("version", &conversation.version.to_string())]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("Cerere refuzată"));
    assert_eq!(desk.now(&conversation).await.owner, conversation.owner);
}

#[tokio::test]
async fn a_session_ends_when_unused_when_signed_out_and_when_the_account_is_switched_off() {
    let desk = Desk::open().await;
    let mut browser = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    desk.clock.set_forward(SignedDuration::from_mins(20));
    assert_eq!(browser.get("/console").await.status, StatusCode::OK);
    desk.clock.set_forward(SignedDuration::from_mins(45));
    assert_eq!(browser.get("/console").await.status, StatusCode::OK, "used 25 minutes ago");
    desk.clock.set_forward(SignedDuration::from_mins(80));
    assert_eq!(
        browser.get("/console?show=mine").await.location,
        "/console/sign-in?ended=1&next=/console%3Fshow%3Dmine"
    );

    browser.post("/console/sign-in", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(browser.get("/console").await.status, StatusCode::OK);
    let actor = desk::journal::Actor::Admin(0);
    console::accounts::set_active(&desk.store.accounts(), "ana", false, actor).await.unwrap();
    assert_eq!(browser.get("/console").await.status, StatusCode::SEE_OTHER);
    let answer = browser.post("/console/sign-in", &[("username", "ana"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "switched off looks like a wrong password");

    let mut other = desk.working("dan", "Dan Ionescu", Role::Operator, &[]).await;
    assert_eq!(other.post("/console/sign-out", &[]).await.location, "/console/sign-in?out=1");
    assert_eq!(other.get("/console").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_address_or_a_form_that_makes_no_sense_gets_a_page_that_says_so() {
    let desk = Desk::open().await;
    let mut browser = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let answer = browser.get("/console/conversations/nimic").await;
    assert!(answer.text.contains("Nu există") && answer.text.contains("Înapoi la coadă"));
    let id = desk::ids::ConversationId::new();
    assert_eq!(browser.get(&format!("/console/conversations/{id}")).await.status, StatusCode::NOT_FOUND);
    let answer = browser.post(&format!("/console/conversations/{id}/take"), &[("version", "unu")]).await;
    assert!(answer.text.contains("Cerere de neînțeles"), "{}", answer.text);
}

#[tokio::test]
async fn accounts_are_for_administrators_and_the_last_one_stays() {
    let desk = Desk::open().await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    assert_eq!(operator.get("/console/accounts").await.status, StatusCode::FORBIDDEN);

    let mut administrator = desk.working("sef", "Șef", Role::Administrator, &[]).await;
    let new = [
        ("username", "dan.ionescu"),
        ("display_name", "Dan Ionescu"),
        ("role", "operator"),
        ("language", "hu"),
        ("department", "cazier"),
        ("department", "petitii"),
    ];
    let answer = administrator.post("/console/accounts", &new).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (made, _) = desk.store.accounts().by_username("dan.ionescu").await.unwrap();
    assert_eq!(made.departments.len(), 2);
    assert!(made.must_change_password);
    let answer = administrator.post("/console/accounts", &new).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("Există deja un cont"));
    let answer = administrator.post("/console/accounts/sef/active", &[("active", "false")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("ultimul administrator"));
}
