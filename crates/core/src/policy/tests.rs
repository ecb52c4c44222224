use super::*;
use crate::resolve::Strength;
use crate::{
    command::{Direction, InvalidValue, Mention, StatedValue},
    domain::{ClusterName, DeploymentName, ImageChange, Namespace},
};

fn object(name: &str) -> ObjectRef {
    ObjectRef {
        cluster: ClusterName::parse("main").expect("valid"),
        namespace: Namespace::parse("default").expect("valid"),
        name: DeploymentName::parse(name).expect("valid"),
    }
}

fn quiet() -> Denial {
    let until = QuietUntil { time: jiff::civil::Time::midnight(), tomorrow: true, zone: "UTC".into() };
    Denial::Quiet { namespace: Namespace::parse("default").expect("valid"), until }
}

fn order(intent: Intent, name: &str) -> Command {
    Command { deployment: Some(Mention::new(name, false)), ..Command::new(intent, Score::ONE) }
}

fn scale(amount: Amount) -> Command {
    Command { replicas: Some(amount), ..order(Intent::Scale, "web") }
}

fn case<'c>(command: &'c Command, targets: &[&str], strength: Strength, replicas: u32) -> PolicyInput<'c> {
    let targets: Vec<ObjectRef> = targets.iter().map(|name| object(name)).collect();
    PolicyInput {
        command,
        facts: targets.iter().map(|object| Facts::plain(object.clone(), replicas)).collect(),
        found: Some(Ok(Resolution { targets, strength, weak_place: false })),
        can_undo: true,
    }
}

fn rules() -> Rules {
    Rules::standard(Score::of(0.9), Score::of(0.25))
}

fn decides(command: &Command, replicas: u32) -> Decision {
    judge(&[case(command, &["web"], Strength::Part, replicas)], &rules())[0].decision
}

#[test]
fn scaling_by_its_size() {
    use Decision::{Clarify, Confirm, Execute, Refuse};
    for (amount, now, wanted) in [
        (Amount::To(3), 2, Execute),
        (Amount::To(7), 2, Execute),
        (Amount::To(8), 2, Confirm),
        (Amount::To(20), 10, Execute),
        (Amount::To(21), 10, Confirm),
        (Amount::To(0), 2, Confirm),
        (Amount::To(1), 2, Execute),
        (Amount::To(1), 3, Confirm),
        (Amount::To(100), 60, Execute),
        (Amount::To(101), 60, Refuse),
        (Amount::By(-3), 2, Refuse),
        (Amount::By(2), 2, Execute),
        (Amount::Times(0.75), 2, Clarify),
        (Amount::Times(0.5), 2, Execute),
        (Amount::To(2), 2, Execute),
    ] {
        assert_eq!(decides(&scale(amount), now), wanted, "{amount:?} from {now}");
    }
}

#[test]
fn a_direction_that_the_live_number_contradicts_asks() {
    use Decision::{Confirm, Execute};
    for (said, to, now, wanted) in [
        (Direction::Up, 3, 4, Confirm),
        (Direction::Up, 3, 2, Execute),
        (Direction::Down, 3, 2, Confirm),
        (Direction::Down, 3, 4, Execute),
    ] {
        let command = Command { direction: Some(said), ..scale(Amount::To(to)) };
        assert_eq!(decides(&command, now), wanted, "{said:?} to {to} at {now}");
    }
}

#[test]
fn every_intent_alone() {
    use Decision::{Answer, Clarify, Confirm, Execute, Ignore};
    for intent in Intent::ALL {
        let mut command = order(intent, "web");
        command.replicas = Some(Amount::To(3));
        command.image = Some(ImageChange::Tag("1".into()));
        command.max = Some(5);
        let wanted = match intent {
            Intent::Scale | Intent::Pause | Intent::Resume => Execute,
            Intent::SetImage
            | Intent::Restart
            | Intent::Rollback
            | Intent::Autoscale
            | Intent::Delete
            | Intent::Undo => Confirm,
            Intent::Status
            | Intent::List
            | Intent::History
            | Intent::Logs
            | Intent::Help
            | Intent::Confirm
            | Intent::Cancel => Answer,
            Intent::None => Ignore,
        };
        assert_eq!(decides(&command, 2), wanted, "{intent}");
        let nameless = Command { deployment: None, ..command };
        let nameless = PolicyInput { found: None, facts: Vec::new(), ..case(&nameless, &[], Strength::Exact, 2) };
        let wanted = match intent {
            Intent::Undo => Confirm,
            Intent::Status | Intent::List | Intent::Help | Intent::Confirm | Intent::Cancel => Answer,
            Intent::None => Ignore,
            Intent::Scale
            | Intent::SetImage
            | Intent::Restart
            | Intent::Rollback
            | Intent::Pause
            | Intent::Resume
            | Intent::Autoscale
            | Intent::Delete
            | Intent::History
            | Intent::Logs => Clarify,
        };
        assert_eq!(judge(&[nameless], &rules())[0].decision, wanted, "{intent} without a name");
    }
}

#[test]
fn what_makes_a_plain_order_ask() {
    let plain = scale(Amount::To(3));
    assert_eq!(judge(&[case(&plain, &["web"], Strength::Weak, 2)], &rules())[0].decision, Decision::Confirm);
    assert_eq!(judge(&[case(&plain, &["web", "web-2"], Strength::Part, 2)], &rules())[0].decision, Decision::Clarify);
    let with = |change: fn(&mut Command)| {
        let mut command = plain.clone();
        change(&mut command);
        decides(&command, 2)
    };
    assert_eq!(with(|c| c.confidence = Score::of(0.8)), Decision::Confirm);
    assert_eq!(with(|c| c.confidence = Score::of(0.2)), Decision::Clarify);
    assert_eq!(with(|c| c.old = Some(StatedValue { words: "4".into(), count: Some(4) })), Decision::Confirm);
    assert_eq!(with(|c| c.old = Some(StatedValue { words: "two pods".into(), count: Some(2) })), Decision::Execute);
    assert_eq!(with(|c| c.doubts.push(Doubt::FollowedByNo)), Decision::Confirm);
    assert_eq!(with(|c| c.faults.push(InvalidValue::ReducedBelowZero)), Decision::Refuse);
    assert_eq!(with(|c| c.replicas = None), Decision::Clarify);
    assert_eq!(with(|c| c.alternatives.push(c.clone())), Decision::Clarify);
    assert_eq!(with(|c| c.deployment.as_mut().expect("named").odd = true), Decision::Confirm);
    let everything = Command { deployment: Some(Mention::new("*", false)), ..plain.clone() };
    assert_eq!(judge(&[case(&everything, &["a", "b"], Strength::Exact, 2)], &rules())[0].decision, Decision::Confirm);
    let there = |limits: Limits| {
        let mut case = case(&plain, &["web"], Strength::Exact, 2);
        case.facts[0].limits = limits;
        judge(&[case], &rules())[0].decision
    };
    assert_eq!(there(Limits { protected: true, ..Limits::default() }), Decision::Confirm);
    assert_eq!(there(Limits { confirm: [Intent::Scale].into(), ..Limits::default() }), Decision::Confirm);
    assert_eq!(there(Limits { approval: Approval::Other, ..Limits::default() }), Decision::Confirm);
    assert_eq!(there(Limits { max_replicas: 2, ..Limits::default() }), Decision::Refuse);
    let with = |change: fn(&mut Facts)| {
        let mut case = case(&plain, &["web"], Strength::Exact, 2);
        change(&mut case.facts[0]);
        judge(&[case], &rules())[0].clone()
    };
    assert_eq!(with(|facts| facts.quiet = Some(quiet())).decision, Decision::Refuse);
    let denied = with(|facts| (facts.denied, facts.quiet) = (Some(Denial::NoIdentity), Some(quiet())));
    assert_eq!(
        (denied.decision, denied.reasons),
        (Decision::Refuse, vec![Reason::Denied(Denial::NoIdentity)]),
        "and nothing else is told"
    );
}

#[test]
fn restart_and_a_new_image_can_go_unconfirmed_and_nothing_else() {
    let there = |intent, confirm: &[Intent]| {
        let mut command = order(intent, "web");
        command.image = Some(ImageChange::Tag("2".into()));
        let mut case = case(&command, &["web"], Strength::Exact, 2);
        case.facts[0].limits.unconfirmed = [Intent::Restart, Intent::SetImage].into();
        case.facts[0].limits.confirm = confirm.iter().copied().collect();
        judge(&[case], &rules())[0].decision
    };
    assert_eq!(there(Intent::Restart, &[]), Decision::Execute);
    assert_eq!(there(Intent::SetImage, &[]), Decision::Execute);
    assert_eq!(there(Intent::Restart, &[Intent::Restart]), Decision::Confirm, "to ask is the stricter word");
    assert_eq!(there(Intent::Rollback, &[]), Decision::Confirm);
    assert_eq!(there(Intent::Delete, &[]), Decision::Confirm);
}

#[test]
fn writes_of_one_message_stand_together() {
    use Decision::{Answer, Confirm, Execute};

    let (scale, restart, status) = (scale(Amount::To(3)), order(Intent::Restart, "web"), order(Intent::Status, "api"));
    let on = |command, name| case(command, &[name], Strength::Exact, 2);
    let decisions =
        |cases: &[PolicyInput<'_>]| judge(cases, &rules()).into_iter().map(|v| v.decision).collect::<Vec<_>>();
    assert_eq!(decisions(&[on(&scale, "web"), on(&status, "api")]), [Execute, Answer]);
    assert_eq!(decisions(&[on(&scale, "web"), on(&scale, "web")]), [Execute, Execute]);
    assert_eq!(decisions(&[on(&scale, "web"), on(&scale, "api")]), [Confirm, Confirm]);
    assert_eq!(decisions(&[on(&scale, "web"), on(&restart, "web")]), [Confirm, Confirm]);
}

#[test]
fn reads_of_several_answer_for_up_to_five() {
    let names = ["a", "b", "c", "d", "e", "f"];
    for (intent, count, wanted) in [
        (Intent::Status, 5, Decision::Answer),
        (Intent::Status, 6, Decision::Clarify),
        (Intent::Logs, 2, Decision::Clarify),
        (Intent::History, 2, Decision::Clarify),
    ] {
        let command = order(intent, "x");
        assert_eq!(
            judge(&[case(&command, &names[..count], Strength::Part, 2)], &rules())[0].decision,
            wanted,
            "{intent}"
        );
    }
}
