//! BOTAPI.md section 5, line by line.

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, retry_after: None, body: body.as_bytes().to_vec() }
}

fn token() -> Token {
    Token::new("123456:SECRET").unwrap()
}

fn error_of(status: u16, body: &str) -> Error {
    answer(status, body).result::<&RawValue>(&token()).unwrap_err()
}

/// The error for a refusal as the Bot API words it.
fn refusal(code: u16, description: &str) -> Error {
    let body = format!(r#"{{"ok":false,"error_code":{code},"description":"{description}"}}"#);
    error_of(code, &body)
}

#[test]
fn a_result_is_handed_on() {
    let good = answer(200, r#"{"ok":true,"result":{"message_id":5,"new":[1]}}"#);
    let sent: super::super::wire::Sent = good.result(&token()).unwrap();
    assert_eq!(sent.message_id.0, 5);
}

#[test]
fn bad_requests_are_told_apart_by_their_words() {
    let bad = |words: &str| refusal(400, &format!("Bad Request: {words}"));
    assert_eq!(
        bad("message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message"),
        Error::NotModified
    );
    for words in ["message is too long", "MESSAGE_TOO_LONG", "text is too long"] {
        assert_eq!(bad(words), Error::TooLong, "{words}");
    }
    for words in ["message caption is too long", "MEDIA_CAPTION_TOO_LONG", "ENTITIES_TOO_LONG"] {
        assert_eq!(bad(words), Error::TooLong, "{words}");
    }
    for words in
        ["message to edit not found", "message can't be edited", "message to be replied not found"]
    {
        assert!(matches!(bad(words), Error::MessageGone { .. }), "{words}");
    }
    for words in ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"] {
        assert!(matches!(bad(words), Error::TopicGone { .. }), "{words}");
    }
    assert!(matches!(bad("there is no text in the message to edit"), Error::MessageGone { .. }));
    assert!(matches!(bad("chat not found"), Error::Blocked { .. }));
    let parse = bad("can't parse entities: Unclosed start tag at byte offset 3");
    assert!(matches!(parse, Error::CantParse { .. }));
    let unavailable = bad("wrong file_id or the file is temporarily unavailable");
    assert_eq!(unavailable, Error::Server { status: 400 });
    let expired = bad("query is too old and response timeout expired or query ID is invalid");
    assert!(matches!(expired, Error::Refused { code: 400, .. }));
}

#[test]
fn other_codes_stand_for_themselves() {
    assert_eq!(refusal(401, "Unauthorized"), Error::BadToken);
    assert_eq!(refusal(404, "Not Found"), Error::BadToken);
    assert!(matches!(refusal(404, "Not Found: method not found"), Error::Refused { .. }));
    let conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot \
                    instance is running";
    assert_eq!(refusal(409, conflict), Error::Conflict { why: conflict.into() });
    let blocked = refusal(403, "Forbidden: bot was blocked by the user");
    assert!(matches!(blocked, Error::Blocked { why } if why.contains("by the user")));
    assert_eq!(refusal(502, "Bad Gateway"), Error::Server { status: 502 });
    assert!(matches!(refusal(413, "Request Entity Too Large"), Error::Refused { code: 413, .. }));
}

#[test]
fn a_group_that_became_a_supergroup() {
    let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded
        to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890123}}"#;
    let body = body.replace('\n', " ");
    assert_eq!(error_of(400, &body), Error::Migrated { to: ChatId(-1_001_234_567_890_123) });
}

#[test]
fn how_long_a_flood_lasts() {
    let told = |seconds: &str, header: Option<u64>| {
        let body = format!(
            r#"{{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7"{seconds}}}"#
        );
        let answer = Answer { retry_after: header, ..answer(429, &body) };
        match answer.result::<&RawValue>(&token()) {
            Err(Error::Flood { retry_after }) => retry_after.as_secs(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(r#","parameters":{"retry_after":7}"#, Some(9)), 7);
    assert_eq!(told(r#","parameters":{"retry_after":0}"#, None), 1);
    assert_eq!(told(r#","parameters":{"retry_after":99999999999}"#, None), 86400);
    assert_eq!(told("", Some(9)), 9);
    assert_eq!(told("", None), 5);
    let html = Answer { retry_after: Some(3), ..answer(429, "<html>") };
    let flood = Error::Flood { retry_after: Duration::from_secs(3) };
    assert_eq!(html.result::<&RawValue>(&token()).unwrap_err(), flood);
}

#[test]
fn what_is_not_the_bot_api() {
    assert_eq!(error_of(502, "<html>Bad Gateway</html>"), Error::Server { status: 502 });
    assert_eq!(error_of(404, "<html>nginx</html>"), Error::Server { status: 404 });
    assert!(matches!(error_of(413, "<html>"), Error::Refused { code: 413, .. }));
    assert!(matches!(error_of(200, "<html>log in to this wifi"), Error::Network { .. }));
    assert!(matches!(error_of(302, ""), Error::Network { why } if why.contains("redirect")));
    for body in ["", "null", "[]", "{}", r#"{"ok":true}"#, r#"{"ok":"yes","result":1}"#] {
        assert!(matches!(error_of(200, body), Error::Network { .. }), "{body}");
        assert_eq!(error_of(500, body), Error::Server { status: 500 }, "{body}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(error_of(200, &deep), Error::Network { .. }));
    let wrong = answer(200, r#"{"ok":true,"result":{"message_id":"x"}}"#);
    assert!(matches!(
        wrong.result::<super::super::wire::Sent>(&token()),
        Err(Error::Network { .. })
    ));
}

#[test]
fn quoted_words_are_bounded_and_hold_no_token() {
    let error = refusal(400, "Bad Request: /bot123456:SECRET/x\\n\\u0007").to_string();
    assert!(!error.contains("SECRET") && !error.contains(char::is_control), "{error}");
    let Error::Refused { why, .. } = refusal(400, &"é".repeat(1000)) else { panic!() };
    assert_eq!(why.chars().count(), LONGEST_WORDS + 1);
    assert!(why.ends_with('…'));
}
