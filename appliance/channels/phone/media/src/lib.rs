//! A call's sound: session descriptions, RTP, codecs, the steady clock.
