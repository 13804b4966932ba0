// The app of the passport-kakao test: sessions, the strategy, and a page that shows who is logged in.

import express from "express";
import session from "express-session";
import passport from "passport";
import kakao from "passport-kakao";

/** Listens on a free port; gives the server and the profiles that the strategy handed over. */
export async function start(options) {
  const profiles = [];
  passport.use(new kakao.Strategy(options, (accessToken, refreshToken, profile, done) => {
    profiles.push({ accessToken, refreshToken, profile });
    done(null, profile);
  }));
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));

  const app = express();
  app.use(session({ secret: "a test", resave: false, saveUninitialized: false }));
  app.use(passport.session());
  app.get("/auth/kakao", passport.authenticate("kakao"));
  app.get("/auth/kakao/callback", passport.authenticate("kakao", { failureRedirect: "/failed", successRedirect: "/" }));
  app.get("/", (request, response) => response.json(request.user ?? null));
  // The test checks the library's own error text, not a page.
  app.use((error, _request, response, _next) => response.status(500).json({ name: error.name, error }));

  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  return { server, url: `http://127.0.0.1:${server.address().port}`, profiles };
}
