// Whoever stands here is signed in no more. The answer that ended the session had the browser empty what pages stored;
// a viewer that was left by that keeps once more how a series was looked at, and only then this page begins.
sessionStorage.clear();
