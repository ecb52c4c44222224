//! The format of the conversation files: steps, and the bot's expected replies.

/// A parsed conversation.
pub(super) struct Script {
    /// The lines before the first step: the subject, and the setup.
    pub(super) head: Vec<String>,
    /// The expiry of cards in seconds, if given.
    pub(super) card_seconds: Option<i64>,
    /// Whether the room's clock is three minutes slow.
    pub(super) late: bool,
    /// Whether the model's confidence is always too low.
    pub(super) unsure: bool,
    /// Whether the bot only observes.
    pub(super) observe: bool,
    /// The policy file, if there is one: the lines that begin with a bar.
    pub(super) policy: Option<String>,
    /// The steps, in order.
    pub(super) steps: Vec<Step>,
    /// The expected writes to the cluster, at the end.
    pub(super) calls: Vec<String>,
}

/// One step of a conversation.
pub(super) struct Step {
    /// The line in the file.
    pub(super) line: String,
    /// Its meaning.
    pub(super) action: Action,
    /// The bot's expected reply, as lines.
    pub(super) expected: Vec<String>,
}

/// What a person does. Cards have letters, in the order of their appearance.
pub(super) enum Action {
    Say {
        who: String,
        text: String,
        in_private: bool,
    },
    /// In the thread of this card.
    Reply {
        who: String,
        text: String,
        to: char,
    },
    /// The button `title` of the card `of`, on the card `on`, with the typed inputs.
    Press {
        who: String,
        title: String,
        of: char,
        on: char,
        times: usize,
        typed: Vec<(String, String)>,
    },
    PressMadeUp {
        who: String,
        press: String,
        on: char,
    },
    Scale {
        namespace: String,
        name: String,
        replicas: u32,
    },
    Restart,
    WaitForExpiry,
    /// Until the approvers of a card must have been reminded.
    WaitForReminder,
    DeliverTwice,
    RefuseCardEdits,
    RefuseCalls {
        count: u32,
    },
}

impl Script {
    /// Parses a file.
    ///
    /// # Panics
    /// At a line that is not part of a conversation.
    pub(super) fn parse(text: &str) -> Self {
        let mut script = Self {
            head: Vec::new(),
            card_seconds: None,
            late: false,
            unsure: false,
            observe: false,
            policy: None,
            steps: Vec::new(),
            calls: Vec::new(),
        };
        let is_head = |line: &str| {
            line.is_empty() || line.starts_with('#') || line.starts_with("given:") || line.starts_with('|')
        };
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next_if(|line| is_head(line)) {
            script.given(line);
            script.head.push(line.to_owned());
        }
        for line in lines.by_ref() {
            if line == "calls:" {
                break;
            } else if line.starts_with("bot") || line.starts_with("  ") {
                let step = script.steps.last_mut().expect("a reply needs a step before it");
                step.expected.push(line.to_owned());
            } else if !line.is_empty() {
                let action = Action::parse(line).unwrap_or_else(|| panic!("not a valid step: {line}"));
                script.steps.push(Step { line: line.to_owned(), action, expected: Vec::new() });
            }
        }
        script.calls = lines.map(str::to_owned).collect();
        script
    }

    fn given(&mut self, line: &str) {
        if let Some(line) = line.strip_prefix('|') {
            let policy = self.policy.get_or_insert_default();
            policy.push_str(line.trim_start());
            policy.push('\n');
        }
        match line.strip_prefix("given: ") {
            None => {}
            Some("this policy") => {}
            Some("the bot is never sure enough") => self.unsure = true,
            Some("the bot only observes") => self.observe = true,
            Some("cards are valid for 1 second") => self.card_seconds = Some(1),
            Some("cards are valid for a minute") => self.card_seconds = Some(60),
            Some("the room's clock is 3 minutes behind") => self.late = true,
            Some(other) => panic!("not a valid setup line: {other}"),
        }
    }
}

impl Action {
    fn parse(line: &str) -> Option<Self> {
        if let Some(event) = line.strip_prefix("- ") {
            return Self::event(event);
        }
        if let Some((who, press)) = line.split_once(" presses ") {
            return Self::press(who, press);
        }
        let (who, text) = line.split_once(": ")?;
        if let Some((who, to)) = who.split_once(" in the thread of ") {
            return Some(Self::Reply { who: who.to_owned(), text: text.to_owned(), to: letter(to)? });
        }
        let (who, in_private) = who.strip_suffix(" in private").map_or((who, false), |who| (who, true));
        Some(Self::Say { who: who.to_owned(), text: text.to_owned(), in_private })
    }

    fn press(who: &str, press: &str) -> Option<Self> {
        let who = who.to_owned();
        let (press, typed) = press.split_once(", typing ").unwrap_or((press, ""));
        let typed = typed.split(", ").filter_map(|one| one.split_once(' '));
        let typed = typed.map(|(field, value)| (field.to_owned(), value.to_owned())).collect();
        let (press, times) = press.strip_suffix(" twice").map_or((press, 1), |press| (press, 2));
        let (button, on) = press.rsplit_once(" on ")?;
        let on = letter(on)?;
        if let Some(press) = button.strip_prefix("a made-up ") {
            return Some(Self::PressMadeUp { who, press: press.to_lowercase(), on });
        }
        let (title, of) = match button.strip_prefix("the ").and_then(|rest| rest.split_once(" of ")) {
            Some((press, of)) => (press, letter(of)?),
            None => (button, on),
        };
        Some(Self::Press { who, title: title.to_owned(), of, on, times, typed })
    }

    fn event(event: &str) -> Option<Self> {
        match event {
            "the bot is restarted" => return Some(Self::Restart),
            "half of the time is over" => return Some(Self::WaitForReminder),
            "the cards run out" => return Some(Self::WaitForExpiry),
            "Webex delivers everything twice" => return Some(Self::DeliverTwice),
            "Webex refuses to edit cards" => return Some(Self::RefuseCardEdits),
            _ => {}
        }
        if let Some(count) = event.strip_prefix("Webex refuses the next ").and_then(|rest| rest.strip_suffix(" calls"))
        {
            return Some(Self::RefuseCalls { count: count.parse().ok()? });
        }
        let (object, replicas) = event.strip_prefix("somebody else scales ")?.split_once(" to ")?;
        let (namespace, name) = object.split_once('/')?;
        Some(Self::Scale { namespace: namespace.to_owned(), name: name.to_owned(), replicas: replicas.parse().ok()? })
    }
}

fn letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(char::is_ascii_uppercase).filter(|_| letters.next().is_none())
}
