//! The names of the texts, one for each key of the files beside this one.

use serde::Deserialize;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$each])* $variant),* }

        impl $name {
            /// Every one, in the order of the files.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    };
}

names! {
    /// A text that is rendered ahead.
    Fixed {
        /// Good day. You have reached {institution}. An automatic assistant is speaking. You can ask for …
        Greeting,
        /// Good day. This is {institution}, calling back as promised. Please stay on the line, I am …
        CallBackGreeting,
        /// This call is recorded. If you do not want that, press 9.
        RecordingNotice,
        /// If you agree that we record this call, press 8.
        RecordingAsk,
        /// This call is not recorded.
        RecordingOff,
        /// Thank you. This call is recorded.
        RecordingOn,
        /// For English, press 3 or simply speak English.
        OfferLanguage,
        /// How can I help you?
        Ask,
        /// I am listening. What would you like to know?
        AskAgain,
        /// Can I help you with anything else?
        AnythingElse1,
        /// Would you like to know anything else?
        AnythingElse2,
        /// Do you have another question?
        AnythingElse3,
        /// One moment.
        Moment1,
        /// Just a second.
        Moment2,
        /// A little longer, please. I am looking for the answer.
        MomentLong,
        /// I am sorry, I cannot answer that right now.
        AnswerFailed,
        /// I am listening. Say in a few words what you need.
        StillThere1,
        /// Are you still there? You can speak or press a key.
        StillThere2,
        /// I did not quite understand. Please say briefly which document or service you need.
        NotUnderstood1,
        /// I still did not understand. We can go on with the keys.
        NotUnderstood2,
        /// I did not hear you well. Please say it again.
        NotHeard,
        /// There is noise on the line. You can use the keys of your telephone.
        Noise,
        /// I hear you well, you can speak as usual. If you prefer a person, press 0.
        Shouting,
        /// I am still here. Please go on.
        MusicOver,
        /// I am listening. If a grown-up is with you, please hand over the phone. If you need help now, …
        Child,
        /// Call 112 now. The call is free. I cannot send help from here.
        Emergency,
        /// If you cannot call 112, stay on the line. I am looking for a person.
        EmergencyPerson,
        /// I am connecting you to a colleague. Please stay on the line.
        Connecting,
        /// A colleague is taking the call.
        Taken,
        /// Your place in the queue is
        YourPlace,
        /// The wait is less than a minute.
        WaitMinute,
        /// The wait is a few minutes.
        WaitFew,
        /// The wait is about ten minutes.
        WaitTen,
        /// The wait is about a quarter of an hour.
        WaitQuarter,
        /// The wait is more than twenty minutes.
        WaitLong,
        /// Please stay on the line.
        PleaseHold,
        /// If you do not want to wait, we will call you back. Say call me back or press 1.
        OfferCallBack,
        /// No colleague is free right now.
        Nobody,
        /// Nobody is in the office at this hour.
        Closed,
        /// Would you like us to call you back? Say yes or press 1.
        CallBackQuestion,
        /// Shall we call the number you are calling from? For yes, press 1. For another number, press 2.
        CallBackNumber,
        /// I have noted it. We will call you.
        CallBackBooked,
        /// Your request could not be noted. Please call again later.
        CallBackFailed,
        /// The case number is
        YourReference,
        /// Please write it down. With it you can ask at any time what was done.
        NoteIt,
        /// The colleague did not answer. I am still here with you.
        TransferFailed,
        /// The conversation with the colleague has ended. Can I still help you?
        Returned,
        /// Thank you for calling. Have a good day.
        Goodbye,
        /// I cannot hear you. I am ending the call now. You can call at any time.
        GoodbyeSilence,
        /// This call has reached its longest time. You can call again.
        GoodbyeLong,
        /// You can call again in office hours. Have a good day.
        GoodbyeNobody,
        /// Good day. All our lines are busy at the moment.
        AllBusy,
        /// I cannot recognise speech at the moment. Let us go on with the keys of your telephone.
        KeypadNow,
        /// You can use the keys of your telephone.
        Keypad,
        /// I can hear you again. You can speak or press keys.
        HearingBack,
        /// Main menu.
        MenuMain,
        /// Choose the department.
        MenuDepartments,
        /// For more, press 9.
        MenuMore,
        /// For a person, press 0. For the step before, press star. To listen again, press hash.
        MenuKeys,
        /// There is nothing on this key.
        MenuNoKey,
        /// For the main menu, press star. For a person, press 0.
        MenuEnd,
        /// A case that is already open
        MenuCase,
        /// One of the departments
        MenuPerson,
        /// Ask in your own words, for example: my identity card has expired, what do I do? You can also …
        Help,
        /// Once more.
        RepeatIntro,
        /// I have not said anything yet. How can I help you?
        NothingToRepeat,
        /// All right, I will speak more slowly.
        Slower,
        /// All right, I will speak faster.
        Faster,
        /// All right, I will speak louder.
        Louder,
        /// All right, I will speak more softly.
        Softer,
        /// We go on in English. How can I help you?
        LanguageSet,
        /// All right. What else can I help you with?
        Stopped,
        /// I will wait.
        TakeYourTime,
        /// Shall I go on?
        GoOn,
        /// That was all.
        NothingMore,
        /// I have sent you the message.
        MessageSent,
        /// The message could not be sent.
        MessageFailed,
        /// I cannot send messages from here. A colleague can send you the information.
        MessageNotPossible,
        /// I can send you the address by text message. Say send it.
        MessageOffer,
        /// Say or key in the personal number, thirteen digits.
        EntryCnp,
        /// Say or key in the case number, nine digits.
        EntryReference,
        /// Say or key in the telephone number, then press hash.
        EntryPhone,
        /// Say the date, or key in day, month and year, eight digits.
        EntryDate,
        /// Say or key in the digits, then press hash.
        EntryDigits,
        /// Key in the personal number, thirteen digits.
        KeysCnp,
        /// Key in the case number, nine digits.
        KeysReference,
        /// Key in the telephone number, then press hash.
        KeysPhone,
        /// Key in day, month and year, eight digits.
        KeysDate,
        /// Key in the digits, then press hash.
        KeysDigits,
        /// I have noted:
        ReadBack,
        /// Is that right? For yes, press 1. For no, press 2.
        IsItRight,
        /// The number of digits does not fit.
        ProblemLength,
        /// One digit does not fit the others.
        ProblemCheckDigit,
        /// There is no such date.
        ProblemNoDate,
        /// That does not seem to be a telephone number.
        ProblemNoNumber,
        /// I did not understand the digits.
        ProblemNothing,
        /// All right, let us try again.
        ProblemDenied,
        /// A colleague can help you better with this.
        EntryGivenUp,
        /// Thank you.
        Confirmed,
        /// Say or press the number of the choice.
        PressAChoice,
    }
}

names! {
    /// A text that is completed at the moment it is said.
    Filled {
        /// `Source: {title}, {institution}.`
        Source,
        /// `Source: {title}.`
        SourceAlone,
        /// `Cost: {value}.`
        Cost,
        /// `Time: {value}.`
        Time,
        /// `Bring: {value}.`
        Bring,
        /// `Where: {value}.`
        Place,
        /// `{label}: press {key}.`
        Entry,
        /// `For “{label}”, say it or press {key}.`
        FirstChoice,
        /// `For “{label}”, {key}.`
        NextChoice,
        /// `There are {count} more. Shall I go on?`
        MoreItems,
        /// `For other choices, press 9.`
        MoreChoices,
        /// `We open today at {hour}.`
        OpensToday,
        /// `We open tomorrow at {hour}.`
        OpensTomorrow,
        /// `We open {day} at {hour}.`
        Opens,
        /// `That will be {day}, between {from} and {until}.`
        CallBackBetween,
        /// `You have an open case with us, number {reference}.`
        OpenCase,
        /// `The answer comes by {date} at the latest.`
        Due,
        /// `the institution's e-mail address`
        MailAddress,
        /// `Good day. This is {institution}, calling back as promised. We did not reach you. We will try …`
        VoiceMail,
        /// `What is the status of case {reference}?`
        CaseQuestion,
        /// `Asked: {asked}.`
        BriefingAsked,
        /// `Case {reference}.`
        BriefingCase,
        /// `Careful: possible danger.`
        BriefingDanger,
        /// `The caller speaks {language}.`
        BriefingCaller,
    }
}
