// A window that a page opened may close itself; the frame needs a moment to fetch the outcome.
if (opener) setTimeout(() => close(), 1500);
