// Makes the console's pages live. Without it every page works as plain links and forms.
import { keepDraft } from "./lib/draft";
import { submitOnChange, focusFirstProblem, scrollToEnd } from "./lib/forms";
import { listenForKeys } from "./lib/keys";
import { goLive } from "./lib/live";
import { listenFromLines } from "./lib/player";
import { renew } from "./lib/renew";
import { tick } from "./lib/ticking";
import { tellTyping } from "./lib/typing";

document.documentElement.classList.add("scripted");
submitOnChange();
listenForKeys();
keepDraft();
tellTyping();
goLive();
renew();
tick();
listenFromLines();
focusFirstProblem();
scrollToEnd();
