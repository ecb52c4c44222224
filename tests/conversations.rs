//! Golden conversations: each file of `conversations/` is spoken to a whole bot, and what it says and does is compared.

mod script;
mod shown;
mod stage;

use std::path::PathBuf;

macro_rules! conversations {
    ($($name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                stage::perform(stringify!($name)).await;
            }
        )*

        #[test]
        fn every_conversation_is_held() {
            let mut held = vec![$(stringify!($name).to_owned()),*];
            held.sort_unstable();
            let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
            let mut found: Vec<String> =
                files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            found.sort_unstable();
            assert_eq!(found, held, "the files and the names in the test differ");
        }
    };
}

conversations!(
    a_button_is_pressed_twice,
    a_card_is_pressed_after_its_end,
    a_card_outlives_a_restart,
    a_change_is_no_longer_in_place,
    a_change_is_taken_back,
    a_choice_is_offered,
    a_container_is_asked_for,
    a_deployment_is_deleted_and_made_again,
    a_doubtful_reading_can_be_corrected,
    a_fresh_card_is_offered,
    a_name_fits_several,
    a_new_image_is_read_back_and_rolled_out,
    a_newer_order_takes_the_place_of_a_card,
    a_number_is_asked_for,
    a_plain_order_is_done_at_once,
    a_question_outlives_a_restart,
    a_question_runs_out,
    a_refusal_counts_as_no,
    a_restart_cannot_be_taken_back,
    a_restart_is_cancelled,
    a_rollback_and_back_again,
    a_rollout_fails,
    a_rollout_is_held,
    a_stranger_gives_an_order,
    a_stranger_presses,
    a_yes_beside_an_order,
    an_autoscaler_is_made_and_changed,
    an_expired_card_is_asked_again,
    an_order_arrives_late,
    an_unknown_card_is_pressed,
    another_kind_is_recognised,
    another_person_presses,
    everything_is_delivered_twice,
    four_eyes,
    it_is_somewhere_else,
    it_is_what_was_talked_about,
    it_only_observes,
    limits_of_a_place,
    logs_are_shown,
    nothing_would_change,
    one_room_is_observed,
    questions_are_answered,
    several_are_changed_together,
    several_orders_in_one_message,
    text_answers_too,
    the_card_tells_what_will_happen,
    the_deployment_has_changed_meanwhile,
    the_limit_is_exceeded,
    the_policy_says_no,
    the_same_for_another,
    two_of_a_list,
    two_readings_are_offered,
    webex_asks_the_bot_to_wait,
    webex_refuses_to_edit_cards,
    what_is_kept_in_git_is_refused,
    why_it_asked,
    with_two_open_it_asks_which,
);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conversations")
}
