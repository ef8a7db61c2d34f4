//! Who may ask, where a secret opens the console.

use axum::http::{Method, StatusCode};
use granary_console::{Guard, Secret};

use crate::support::{Answer, Asking, form, request};

const SECRET: &str = "open sesame";
/// Behind a proxy it has any name.
const HOST: (&str, &str) = ("host", "granary.example");

async fn console() -> Asking {
    Asking::guarded(Guard::Secret(Secret::from_plain(SECRET).unwrap())).await
}

fn token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn log_in(console: &Asking, secret: &str, next: &str) -> Answer {
    let page = console.ask(request(Method::GET, "/login", &[HOST])).await;
    assert_eq!(page.status, StatusCode::OK);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", &token(&page.text()))
        .append_pair("secret", secret)
        .append_pair("next", next)
        .finish();
    console.ask(form("/login", &[HOST], &body)).await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_stranger_is_asked_who_it_is_and_sees_nothing() {
    let console = console().await;
    for (path, location) in [
        ("/silos", "/login?next=/silos"),
        ("/silos/maths?beginning=a&after=b", "/login?next=/silos/maths%3Fbeginning%3Da%26after%3Db"),
        (
            "/silos/maths/file?id=oai:maths:7&name=paper.pdf",
            "/login?next=/silos/maths/file%3Fid%3Doai:maths:7%26name%3Dpaper.pdf",
        ),
        ("/none", "/login?next=/none"),
    ] {
        let answer = console.ask(request(Method::GET, path, &[HOST])).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, location), "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    for headers in [vec![HOST], vec![HOST, ("cookie", "granary_session=00; a=b")]] {
        let answer = console.ask(request(Method::GET, "/api/silos", &headers)).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
    }
    let page = console.ask(request(Method::GET, "/login", &[HOST])).await.text();
    let place = console.made.folder.path().to_string_lossy().into_owned();
    assert!(!page.contains(&place) && !page.contains("/silos"), "{page}");
    for path in ["/healthz", "/favicon.ico", "/assets/style.css"] {
        assert_eq!(console.ask(request(Method::GET, path, &[HOST])).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn who_knows_the_secret_is_let_in_until_logging_out() {
    let console = console().await;
    let answer = log_in(&console, " open sesame ", "/silos/maths").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/silos/maths"));
    let said = answer.header("set-cookie");
    assert!(said.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"), "{said}");
    let session = cookie(&answer);
    let headers = [HOST, ("cookie", session.as_str())];
    let page = console.ask(request(Method::GET, "/silos", &headers)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(console.ask(request(Method::GET, "/api/silos", &headers)).await.status, StatusCode::OK);
    // Without the token of this session's pages nobody can be logged out, by a page of a stranger's either.
    let stranger = token(&console.ask(request(Method::GET, "/login", &[HOST])).await.text());
    for body in [String::new(), format!("token={stranger}")] {
        assert_eq!(
            console.ask(form("/logout", &headers, &body)).await.status,
            StatusCode::FORBIDDEN,
            "{body}"
        );
    }
    let answer = console.ask(form("/logout", &headers, &format!("token={}", token(&page.text())))).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login"));
    let after = console.ask(request(Method::GET, "/silos", &headers)).await;
    assert_eq!(after.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_opens_nothing() {
    let console = console().await;
    let answer = log_in(&console, "open barley", "/silos").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("role=\"alert\"") && answer.headers.get("set-cookie").is_none());
    let wrong = [HOST, ("authorization", "Bearer open barley")];
    let answer = console.ask(request(Method::GET, "/api/silos", &wrong)).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("the secret is wrong"))
    );
}

#[tokio::test]
async fn a_program_sends_the_secret_along_and_needs_no_token() {
    let console = console().await;
    let headers = [HOST, ("authorization", "bearer open sesame")];
    for path in ["/api/silos", "/silos"] {
        assert_eq!(console.ask(request(Method::GET, path, &headers)).await.status, StatusCode::OK, "{path}");
    }
    let answer = console.ask(form("/logout", &headers, "")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    // It may be any method and any path: it got past the guard.
    let answer = console.ask(request(Method::DELETE, "/api/silos", &headers)).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_https_the_cookie_is_for_https_only() {
    let console = console().await;
    let page = console.ask(request(Method::GET, "/login", &[HOST])).await.text();
    let headers = [HOST, ("x-forwarded-proto", "https")];
    let answer =
        console.ask(form("/login", &headers, &format!("token={}&secret=open+sesame", token(&page)))).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
    assert_eq!(answer.header("location"), "/");
}
