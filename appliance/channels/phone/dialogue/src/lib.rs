//! What a telephone conversation is made of, pure.
