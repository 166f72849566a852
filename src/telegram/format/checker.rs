//! Telegram's HTML parser and limits once more, written from BOTAPI.md section 7 and without any
//! code of this folder: what passes here is accepted.

/// What the parser would make of the HTML.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) text: String,
    pub(super) entities: usize,
}

/// Parses as strictly as Telegram, and rejects nesting that Telegram would silently repair.
pub(super) fn parse(html: &str) -> Result<Parsed, String> {
    let mut parsed = Parsed { text: String::new(), entities: 0 };
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '<' => {
                let (tag, after) = rest.split_once('>').ok_or("unclosed start tag")?;
                rest = after;
                match tag.strip_prefix('/') {
                    Some(name) => close(name, &mut open)?,
                    None => parsed.entities += start(tag, &mut open)?,
                }
            }
            '&' => {
                let (entity, after) = rest.split_once(';').ok_or("bare &, legal but not ours")?;
                rest = after;
                parsed.text.push(decode(entity)?);
            }
            c => parsed.text.push(c),
        }
    }
    if open.is_empty() { Ok(parsed) } else { Err(format!("not closed: {open:?}")) }
}

fn decode(entity: &str) -> Result<char, String> {
    match entity {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        other => Err(format!("unknown entity {other:.20}")),
    }
}

fn start(tag: &str, open: &mut Vec<String>) -> Result<usize, String> {
    let name = tag.split(' ').next().unwrap_or_default().to_owned();
    let attributes = &tag[name.len()..];
    let inner_code = name == "code" && open.last().is_some_and(|tag| tag == "pre");
    if open.iter().any(|tag| tag == "pre" || tag == "code") && !inner_code {
        return Err(format!("{name} inside code"));
    }
    if open.contains(&name) {
        return Err(format!("{name} inside {name}"));
    }
    let good = match name.as_str() {
        "b" | "i" | "s" | "pre" | "blockquote" => attributes.is_empty(),
        "code" if inner_code => quoted(attributes, "class").is_some_and(|value| {
            value.strip_prefix("language-").is_some_and(|language| !language.is_empty())
        }),
        "code" => attributes.is_empty() && !open.contains(&"a".to_owned()),
        "a" => quoted(attributes, "href").is_some_and(|url| {
            let host = url.split("//").nth(1).unwrap_or_default();
            host.split('/').next().unwrap_or_default().contains('.')
        }),
        _ => false,
    };
    if !good {
        return Err(format!("bad tag <{tag:.60}>"));
    }
    open.push(name);
    Ok(usize::from(!inner_code))
}

fn quoted<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    let value = attributes.trim_start().strip_prefix(name)?.strip_prefix("=\"")?;
    value.strip_suffix('"').filter(|value| !value.contains(['"', '<', '>']))
}

fn close(name: &str, open: &mut Vec<String>) -> Result<(), String> {
    match open.pop() {
        Some(expected) if expected == name => Ok(()),
        other => Err(format!("unmatched end tag {name}, open is {other:?}")),
    }
}

/// The whole judgement on one message of at most `units`; gives its visible text.
pub(super) fn accepted(html: &str, units: usize) -> String {
    let parsed = parse(html).unwrap_or_else(|why| panic!("{why} in {html:?}"));
    assert!(html.len() <= 32_768, "{} bytes of HTML", html.len());
    assert!(parsed.entities <= 100, "{} entities", parsed.entities);
    let length = parsed.text.encode_utf16().count();
    assert!(length <= units, "{length} units");
    let seen = parsed.text.chars().any(|c| !c.is_whitespace() && !c.is_control());
    assert!(seen, "nothing to see in {html:?}");
    parsed.text
}

#[test]
fn the_checker_rejects_what_telegram_rejects() {
    for bad in ["a < b", "<br>", "<b>x", "x</b>", "<b><i>x</b></i>", "<u>x</u>", "&nbsp;"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    for bad in ["<pre><b>x</b></pre>", "<a href=\"http://localhost\">x</a>", "<b><b>x</b></b>"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let good = parse("<b>x<i>&lt;</i></b><pre><code class=\"language-c\">y</code></pre>");
    assert_eq!(good, Ok(Parsed { text: "x<y".into(), entities: 3 }));
}
