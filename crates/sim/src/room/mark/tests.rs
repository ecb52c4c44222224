use proptest::prelude::*;

use super::*;

fn people(who: Mentioned<'_>) -> Option<(String, String)> {
    (matches!(who, Mentioned::Id("B1") | Mentioned::Email("bot@webex.bot")))
        .then(|| ("B1".to_owned(), "K8s Bot".to_owned()))
}

fn html(markdown: &str) -> String {
    render(markdown, &people).html
}

#[test]
fn a_mention_becomes_the_tag_and_the_display_name() {
    let out = render("<@personId:B1> scale web to > 3", &people);
    let tag = "<spark-mention data-object-type=\"person\" data-object-id=\"B1\">K8s Bot</spark-mention>";
    assert_eq!(out.html, format!("<p>{tag} scale web to &gt; 3</p>"));
    assert_eq!(out.text, "K8s Bot scale web to > 3");
    assert_eq!(out.mentioned, ["B1"]);

    let out = render("<@personEmail:bot@webex.bot|Bot <@personId:B1>", &people);
    assert_eq!(out.mentioned, ["B1"], "one id, however often it is mentioned");
    assert_eq!(render("<@personId:nobody> hi", &people).html, "<p>&lt;@personId:nobody&gt; hi</p>");
    assert_eq!(render("<@all> hi", &people).text, "All hi");
}

#[test]
fn markup_becomes_tags_and_is_absent_from_the_text() {
    let cases = [
        ("**a** and *b*", "<p><strong>a</strong> and <em>b</em></p>"),
        ("`web-1` 2 → 3", "<p><code>web-1</code> 2 → 3</p>"),
        ("my_app_name and 2 * 3 * 4", "<p>my_app_name and 2 * 3 * 4</p>"),
        ("_so_ **bold *and* both**", "<p><em>so</em> <strong>bold <em>and</em> both</strong></p>"),
        ("one\ntwo\n\nthree", "<p>one<br/>two</p><p>three</p>"),
        ("- a\n- `b`\n1. c", "<ul><li>a</li><li><code>b</code></li></ul><ol><li>c</li></ol>"),
        ("> said\n## Head", "<blockquote><p>said</p></blockquote><h2>Head</h2>"),
        ("```\n<b>*x*\n```", "<pre><code>&lt;b&gt;*x*</code></pre>"),
        ("\\*not\\* &lt;b&gt; & <b>", "<p>*not* &lt;b&gt; &amp; &lt;b&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>x</p>"),
        ("`<@personId:B1>`", "<p><code>&lt;@personId:B1&gt;</code></p>"),
        ("[docs](https://example.com/a?b&c)", "<p><a href=\"https://example.com/a?b&amp;c\">docs</a></p>"),
    ];
    for (markdown, wanted) in cases {
        assert_eq!(html(markdown), wanted, "{markdown}");
    }
    assert_eq!(render("**a** `b` *c*", &people).text, "a b c");
}

/// Every tag in `html` is one that this module writes.
fn only_known_tags(html: &str) -> bool {
    const KNOWN: [&str; 16] =
        ["p", "br/", "ul", "ol", "li", "blockquote", "pre", "code", "strong", "em", "h1", "h2", "h3", "h4", "h5", "h6"];
    html.split('<').skip(1).all(|piece| {
        let tag = piece.split('>').next().unwrap_or("");
        let name = tag.trim_start_matches('/');
        KNOWN.contains(&name)
            || name == "a"
            || name == "spark-mention"
            || name.starts_with("a href=\"http")
            || name.starts_with("spark-mention data-object-type=\"")
    })
}

proptest! {
    #[test]
    fn no_text_injects_a_tag(text in "(?s).{0,200}") {
        prop_assert!(only_known_tags(&html(&text)), "{}", html(&text));
    }

    #[test]
    fn no_text_made_of_markup_injects_a_tag(text in "[*_`<>@a|:\\[\\]()\\\\ &;#\n\"h/-]{0,120}") {
        prop_assert!(only_known_tags(&html(&text)), "{}", html(&text));
    }
}
