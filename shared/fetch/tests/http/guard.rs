//! Only where told.

use granary_fetch::{Error, Fetcher, HostPolicy, Policy, Reason, Request, Retry};
use url::Url;

use crate::server::{Reply, Server, fetcher, get, ok, policy, response};

/// A fetcher that trusts nobody.
fn wary() -> Fetcher {
    Fetcher::new(Policy { trusted_hosts: [].into(), ..policy() }).expect("a fetcher")
}

async fn check_refused(fetcher: &Fetcher, url: &str) {
    let url: Url = url.parse().expect("a URL");
    let error = fetcher.get(Request::new(url.clone())).await.expect_err("refused");
    assert_eq!((error.reason(), error.retry()), (Reason::Refused, Retry::Never), "{url}: {error}");
}

#[tokio::test]
async fn a_private_literal_address_is_refused_in_every_spelling_and_never_asked() {
    let server = Server::script([ok("secret")]).await;
    let port = server.port();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "0.0.0.0",
        "0",
        "[::]",
        "[::1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "example.org@127.0.0.1",
        "example.org:80@127.0.0.1",
    ] {
        check_refused(&wary(), &format!("http://{host}:{port}/")).await;
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn the_names_of_this_machine_are_refused() {
    let server = Server::script([ok("secret")]).await;
    let port = server.port();
    for host in ["localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.LocalHost."] {
        check_refused(&wary(), &format!("http://{host}:{port}/")).await;
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn only_http_and_https_are_fetched() {
    for url in ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "data:text/plain,x"] {
        check_refused(&wary(), url).await;
    }
}

#[tokio::test]
async fn a_redirect_into_the_private_network_is_refused() {
    for location in [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://10.0.0.1/",
        "//192.168.1.1/",
        "http://127.0.0.3/",
        "http://0x7f.0.0.3/",
        "file:///etc/passwd",
    ] {
        let server = Server::script([response("302 Found", &[&format!("Location: {location}")], "")]).await;
        let error = fetcher().get(get(&server.url("/"))).await.expect_err("refused");
        assert_eq!((error.reason(), error.retry()), (Reason::Refused, Retry::Never), "{location}: {error}");
        assert_eq!(server.asked().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_name_of_this_machine_is_refused() {
    let target = Server::script([ok("secret")]).await;
    let location = format!("Location: http://localhost:{}/", target.port());
    let server = Server::script([response("302 Found", &[&location], "")]).await;
    let trusts = ["127.0.0.1".to_owned()].into();
    let fetcher = Fetcher::new(Policy { trusted_hosts: trusts, ..policy() }).unwrap();
    let error = fetcher.get(get(&server.url("/"))).await.expect_err("refused");
    assert_eq!(error.reason(), Reason::Refused, "{error}");
    assert_eq!(target.asked().len(), 0);
}

#[tokio::test]
async fn a_host_is_asked_once_it_is_trusted() {
    let server = Server::script([ok("public")]).await;
    let fetcher = wary();
    check_refused(&fetcher, server.url("/").as_str()).await;
    fetcher.clone().trust("127.0.0.1");
    assert_eq!(fetcher.get(get(&server.url("/"))).await.unwrap().bytes().await.unwrap(), "public");
}

#[tokio::test]
async fn a_trusted_name_may_have_private_addresses_whatever_its_spelling() {
    let server = Server::script([ok("public")]).await;
    for trusted in ["localhost", "LocalHost."] {
        for asked in ["localhost", "LOCALHOST"] {
            let fetcher = wary();
            fetcher.trust(trusted);
            let url = format!("http://{asked}:{}/", server.port()).parse().unwrap();
            let response = fetcher.get(get(&url)).await.unwrap();
            assert_eq!(response.bytes().await.unwrap(), "public", "{asked}");
        }
    }
}

#[tokio::test]
async fn trust_in_a_name_is_no_trust_in_its_address() {
    let server = Server::script([ok("secret")]).await;
    let fetcher = wary();
    fetcher.trust("localhost");
    check_refused(&fetcher, server.url("/").as_str()).await;
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    let server = Server::script([response("404 Not Found", &[], "")]).await;
    let mut url = server.url("/a");
    url.set_username("user").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let missing = fetcher().get(get(&url)).await.expect_err("not there");
    let refused = wary().get(get(&url)).await.expect_err("refused");
    for error in [missing, refused] {
        assert!(!describe(&error).contains("hunter2"), "{}", describe(&error));
    }
}

#[tokio::test]
async fn a_password_that_a_redirect_names_is_in_no_error() {
    for location in ["http://user:hunter2@10.0.0.1/", "http://user:hunter2@example.org:99999/"] {
        let server = Server::script([response("302 Found", &[&format!("Location: {location}")], "")]).await;
        let error = fetcher().get(get(&server.url("/"))).await.expect_err("refused");
        assert!(!describe(&error).contains("hunter2"), "{}", describe(&error));
    }
}

/// "user:hunter2" in base64.
const AUTHORIZATION: Option<&str> = Some("Basic dXNlcjpodW50ZXIy");

fn with_password(mut url: Url) -> Url {
    url.set_username("user").expect("it may have one");
    url.set_password(Some("hunter2")).expect("it may have one");
    url
}

#[tokio::test]
async fn a_password_is_sent_to_no_other_host_and_to_no_other_port() {
    for host in ["127.0.0.2", "127.0.0.1"] {
        let other = Server::start_on(host, |_| async { Reply::Close(ok("")) }).await;
        for location in [other.url("/b"), with_password(other.url("/b"))] {
            let location = format!("Location: {location}");
            let server = Server::script([response("302 Found", &[&location, "Set-Cookie: a=b"], "")]).await;
            fetcher().get(get(&with_password(server.url("/a")))).await.unwrap();
            assert_eq!(server.asked()[0].header("authorization"), AUTHORIZATION);
            let asked = other.asked().pop().unwrap();
            assert_eq!((asked.header("authorization"), asked.header("cookie")), (None, None), "{location}");
        }
    }
}

#[tokio::test]
async fn a_password_goes_along_within_its_server_however_that_tells_where() {
    let server = Server::start(|asked| async move {
        let host = asked.header("host").unwrap_or_default();
        let location = if asked.number == 0 { format!("http://{host}/b") } else { "/c".to_owned() };
        Reply::Close(match asked.number {
            0 | 1 => response("302 Found", &[&format!("Location: {location}")], ""),
            _ => ok("at last"),
        })
    })
    .await;
    fetcher().get(get(&with_password(server.url("/a")))).await.unwrap();
    let sent: Vec<_> = server.asked().iter().map(|asked| asked.header("authorization").is_some()).collect();
    assert_eq!(sent, [true; 3]);
}

#[tokio::test]
async fn what_one_host_is_told_of_the_contact_is_told_to_no_other() {
    let other = Server::start_on("127.0.0.2", |_| async { Reply::Close(ok("")) }).await;
    let location = format!("Location: {}", other.url("/b"));
    let server = Server::script([response("302 Found", &[&location], "")]).await;
    let fetcher = fetcher();
    let contact = Some("me@example.org".to_owned());
    fetcher.adapt("127.0.0.1", &HostPolicy { contact, ..HostPolicy::default() }).unwrap();
    fetcher.get(get(&server.url("/a"))).await.unwrap();
    let told = |server: &Server| server.asked()[0].header("from").map(str::to_owned);
    assert_eq!((told(&server).as_deref(), told(&other)), (Some("me@example.org"), None));
}

/// The text of an error and of all its causes, and what `Debug` says.
fn describe(error: &Error) -> String {
    let mut text = format!("{error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        text.push_str(&format!("; {error}"));
        cause = error.source();
    }
    text
}
