//! Messages as people send them, and messages made to confuse.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::wire::RoomKind;

const RAW: &str = "f5b36187-c8dd-4727-8b2f-f9c447f29046";
const REST: &str = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY";
const ANN: &str = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY";

fn bot(name: &str) -> Person {
    Person { id: REST.to_owned(), emails: vec![], name: name.to_owned(), is_bot: true }
}

fn message(html: Option<&str>, text: &str, mentioned: &[&str]) -> Message {
    Message {
        id: "M".to_owned(),
        room_id: "R".to_owned(),
        room_kind: RoomKind::Group,
        parent_id: None,
        person_id: ANN.to_owned(),
        text: Some(text.to_owned()),
        markdown: None,
        html: html.map(str::to_owned),
        mentioned_people: mentioned.iter().map(|&id| id.to_owned()).collect(),
        attachments: Vec::new(),
        created: Timestamp::UNIX_EPOCH,
    }
}

fn read(html: &str) -> String {
    order_text(&message(Some(html), "not read", &[REST]), &bot("K8s Bot"))
}

fn mention(id: &str, label: &str) -> String {
    format!("<spark-mention data-object-type=\"person\" data-object-id=\"{id}\">{label}</spark-mention>")
}

#[test]
fn the_bots_own_mention_is_removed_at_any_position_and_in_both_forms_of_its_id() {
    for id in [REST, RAW] {
        let me = mention(id, "K8s Bot");
        for (html, expected) in [
            (format!("<p>{me} scale web to 3</p>"), "scale web to 3"),
            (format!("{me}scale web to 3"), "scale web to 3"),
            (format!("<p>{me}, scale web to 3</p>"), "scale web to 3"),
            (format!("<p>{me}: scale web to 3</p>"), "scale web to 3"),
            (format!("<p>scale web to 3 {me}</p>"), "scale web to 3"),
            (format!("<p>hey {me} scale {me} web</p>"), "hey scale web"),
            (format!("<p>  {me}  scale\n web   to 3 </p>"), "scale web to 3"),
            (format!("<p>{me}</p>"), ""),
            (format!("<p>{me} -5 of web</p>"), "-5 of web"),
        ] {
            assert_eq!(read(&html), expected, "{html}");
        }
    }
}

#[test]
fn a_deployment_named_like_the_bot_stays() {
    let html = format!("<p>{} restart nginx</p>", mention(REST, "nginx"));
    assert_eq!(order_text(&message(Some(&html), "nginx restart nginx", &[REST]), &bot("nginx")), "restart nginx");
    assert_eq!(order_text(&message(Some("<b>nginx</b> 3"), "nginx 3", &[]), &bot("nginx")), "nginx 3");
    assert_eq!(order_text(&message(None, "nginx 3", &[]), &bot("nginx")), "nginx 3", "in a direct room");
    assert_eq!(order_text(&message(None, "nginx-web 3", &[REST]), &bot("nginx")), "nginx-web 3");
    assert_eq!(order_text(&message(None, "scale nginx to 3", &[REST]), &bot("nginx")), "scale nginx to 3");
}

#[test]
fn without_html_the_exact_name_is_removed_only_from_the_start_of_a_mentioning_message() {
    let bot = bot("K8s Bot");
    for (text, mentioned, expected) in [
        ("K8s Bot scale web to 3", vec![REST], "scale web to 3"),
        ("K8s Bot, scale web to 3", vec![RAW], "scale web to 3"),
        ("K8s Bot scale web to 3", vec![], "K8s Bot scale web to 3"),
        ("k8s bot scale web to 3", vec![REST], "k8s bot scale web to 3"),
        ("K8s Bots scale web", vec![REST], "K8s Bots scale web"),
        ("  scale web to 3 ", vec![], "scale web to 3"),
    ] {
        assert_eq!(order_text(&message(None, text, &mentioned), &bot), expected, "{text}");
        assert_eq!(order_text(&message(Some(" "), text, &mentioned), &bot), expected, "{text}");
    }
}

#[test]
fn mentions_of_other_people_stay_by_name() {
    let me = mention(REST, "K8s Bot");
    for (html, expected) in [
        (format!("{} please scale web", mention(ANN, "Ann")), "@Ann please scale web"),
        (format!("{me} tell {} to scale web", mention(ANN, "@Ann")), "tell @Ann to scale web"),
        (format!("{} scale web", mention(ANN, "")), "@someone scale web"),
        (
            "<spark-mention data-object-type=\"groupMention\" data-group-type=\"all\">All</spark-mention> hi".into(),
            "@All hi",
        ),
        (format!("{me}<spark-mention data-object-id=\"{ANN}\"/> scale web"), "@someone scale web"),
    ] {
        assert_eq!(read(&html), expected, "{html}");
    }
}

#[test]
fn code_and_quotations_remain_recognisable() {
    for (html, expected) in [
        ("scale <code>web</code> to 3", "scale `web` to 3"),
        (
            "<p>see</p><pre><code>kubectl scale deploy/web\n  --replicas=0</code></pre><p>why?</p>",
            "see\n```\nkubectl scale deploy/web\n  --replicas=0\n```\nwhy?",
        ),
        (
            "<blockquote><p>scale web to 0</p>now</blockquote><p>who wrote this?</p>",
            "> scale web to 0\n> now\nwho wrote this?",
        ),
        ("<pre>rm", "```\nrm\n```"),
        ("a <code>b", "a `b`"),
    ] {
        assert_eq!(read(html), expected, "{html}");
    }
}

#[test]
fn blocks_become_lines_and_markup_is_removed() {
    for (html, expected) in [
        ("<p>scale web to 3</p><p>restart api</p>", "scale web to 3\nrestart api"),
        ("scale web<br/>to 3<br><br>now", "scale web\nto 3\nnow"),
        ("<ul><li>web to 3</li><li>api to 2</li></ul>", "web to 3\napi to 2"),
        ("<strong>scale</strong> <em>web</em> to&nbsp;3", "scale web to 3"),
        ("scale web to 3 &amp; api to &lt;4&gt; &amp;lt;", "scale web to 3 & api to <4> &lt;"),
        ("<a href=\"https://x.example/?a=1&gt;2\">web</a>", "web"),
        ("1 < 2 <3", "1 < 2 <3"),
    ] {
        assert_eq!(read(html), expected, "{html}");
    }
}

#[test]
fn a_mention_that_is_never_closed_gives_an_empty_text() {
    assert_eq!(read(&format!("<spark-mention data-object-id=\"{REST}\">scale web to 0")), "");
}

proptest! {
    #[test]
    fn any_html_gives_a_bounded_text_without_the_bots_mention(
        html in "(<spark-mention data-object-id=\"f5b36187-c8dd-4727-8b2f-f9c447f29046\">|</spark-mention>|<p>|</p>|<pre>|</pre>|<code>|</code>|<blockquote>|</blockquote>|<br/>|<|>|&amp;|&#x41;|[a-zü \n'\"=]){0,60}"
    ) {
        let text = read(&html);
        prop_assert!(text.len() <= LONGEST_ORDER);
        prop_assert_eq!(text.trim(), text.as_str());
    }

    #[test]
    fn plain_text_is_returned_unchanged(words in "[a-z0-9./:-]{1,12}( [a-z0-9./:-]{1,12}){0,8}") {
        let html = format!("<p>{} x{words}</p>", mention(REST, "K8s Bot"));
        prop_assert_eq!(read(&html), format!("x{words}"));
    }
}

#[test]
fn a_huge_message_is_cut() {
    for html in
        ["x".repeat(1 << 20), "<".repeat(1 << 20), "<a".repeat(1 << 19), "<p>".repeat(1 << 18), "ü".repeat(1 << 18)]
    {
        assert!(read(&html).len() <= LONGEST_ORDER);
    }
    let text = "ü".repeat(1 << 18);
    assert!(order_text(&message(None, &text, &[]), &bot("x")).len() <= LONGEST_ORDER);
}

#[test]
fn hostile_html_is_read_to_its_end_and_gives_a_bounded_text() {
    let many = |piece: &str| piece.repeat(10_000);
    for html in [
        many("<div>") + "scale web to 3" + &many("</div>"),
        many("<blockquote>") + "scale web to 3",
        many("<pre>") + &many("<code>") + "scale web to 3",
        many("</p></pre></code></blockquote></spark-mention>") + "scale web to 3",
        format!("<a {}>scale web to 3", (0..5_000).map(|n| format!("a{n}=1 ")).collect::<String>()),
    ] {
        let text = read(&html);
        assert!(text.len() <= LONGEST_ORDER);
        let cut = html.len() > LONGEST_HTML;
        assert!(cut || text.contains("scale web to 3"), "{}", &html[..20]);
    }
    for piece in
        ["<", "&", "<!", "<!--", "<a ", "<a b='", "</", "<script>", "&#", "<![CDATA[", "<style><", "-->", "<a<b"]
    {
        let html = piece.repeat(7 * 1024 / piece.len()) + "scale web to 0";
        let text = read(&html);
        assert!(text.len() <= html.len() && text != "scale web to 0", "{piece}");
    }
}

#[test]
fn invisible_text_is_not_part_of_a_request() {
    for html in [
        "<script>scale web to 0</script>",
        "<style>scale web to 0</style>",
        "<!-- scale web to 0 -->",
        "<script>scale web to 0",
        "<!-- scale web to 0",
    ] {
        assert_eq!(read(html), "", "{html}");
    }
}
