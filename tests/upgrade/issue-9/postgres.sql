--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SELECT pg_catalog.set_config('search_path', '', false);



--
-- Name: accounts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    version bigint NOT NULL,
    epoch bigint NOT NULL,
    restricted boolean NOT NULL,
    agreed_to_terms boolean NOT NULL,
    attributes text NOT NULL,
    password_hash text,
    sealed_password text,
    created_at bigint NOT NULL
);


--
-- Name: agts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agts (
    id text NOT NULL,
    grant_id bigint NOT NULL,
    expires_at bigint NOT NULL,
    spent_at bigint
);


--
-- Name: app_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app_keys (
    app_key text NOT NULL,
    app_id bigint NOT NULL,
    kind text NOT NULL,
    "position" bigint NOT NULL,
    epoch bigint NOT NULL,
    deleted boolean NOT NULL,
    settings text NOT NULL,
    secret_hash text,
    sealed text
);


--
-- Name: apps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.apps (
    id bigint NOT NULL,
    version bigint NOT NULL,
    settings text NOT NULL,
    created_at bigint NOT NULL
);


--
-- Name: codes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.codes (
    id text NOT NULL,
    app_id bigint NOT NULL,
    app_key text NOT NULL,
    account_id bigint NOT NULL,
    redirect_uri text NOT NULL,
    scopes text NOT NULL,
    openid boolean NOT NULL,
    nonce text,
    code_challenge text,
    auth_time bigint NOT NULL,
    session_id text NOT NULL,
    device text NOT NULL,
    address text NOT NULL,
    link_epoch bigint NOT NULL,
    account_epoch bigint NOT NULL,
    key_epoch bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    spent_at bigint,
    grant_id bigint,
    tx_id text
);


--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    kind text NOT NULL,
    payload text NOT NULL,
    state text NOT NULL,
    created_at bigint NOT NULL,
    due_at bigint,
    lease text,
    attempts bigint NOT NULL,
    result text
);


--
-- Name: grants; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.grants (
    id bigint NOT NULL,
    app_id bigint NOT NULL,
    app_key text NOT NULL,
    account_id bigint NOT NULL,
    scopes text NOT NULL,
    openid boolean NOT NULL,
    nonce text,
    auth_time bigint NOT NULL,
    session_id text NOT NULL,
    device text NOT NULL,
    address text NOT NULL,
    link_epoch bigint NOT NULL,
    account_epoch bigint NOT NULL,
    key_epoch bigint NOT NULL,
    created_at bigint NOT NULL,
    refresh_generation bigint NOT NULL,
    refresh_expires_at bigint NOT NULL,
    rotated_at bigint,
    ended_at bigint,
    ended_why text
);


--
-- Name: instance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instance (
    id bigint NOT NULL,
    proof text NOT NULL
);


--
-- Name: links; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.links (
    app_id bigint NOT NULL,
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    version bigint NOT NULL,
    epoch bigint NOT NULL,
    connected boolean NOT NULL,
    connected_at bigint NOT NULL,
    consents text NOT NULL,
    signup_due bigint,
    synched_at bigint,
    terms text DEFAULT '{}'::text NOT NULL,
    properties text DEFAULT '{}'::text NOT NULL,
    channels text DEFAULT '[]'::text NOT NULL
);


--
-- Name: logins; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.logins (
    login text NOT NULL,
    account_id bigint NOT NULL
);


--
-- Name: parked_codes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.parked_codes (
    id text NOT NULL,
    app_id bigint NOT NULL,
    answer text,
    expires_at bigint NOT NULL,
    read_at bigint
);


--
-- Name: schema_history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_history (
    version bigint NOT NULL,
    name text NOT NULL,
    checksum bigint NOT NULL
);


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    id text NOT NULL,
    account_id bigint NOT NULL,
    auth_time bigint NOT NULL,
    expires_at bigint NOT NULL,
    account_epoch bigint NOT NULL,
    device text NOT NULL,
    address text NOT NULL
);


--
-- Name: shipping_addresses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shipping_addresses (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    version bigint NOT NULL,
    is_default boolean NOT NULL,
    updated_at bigint NOT NULL,
    fields text NOT NULL
);


--
-- Name: signing_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    sealed text NOT NULL,
    created_at bigint NOT NULL
);


--
-- Name: webhook_states; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_states (
    app_id bigint NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    failures bigint NOT NULL,
    paused_at bigint
);


--
-- Data for Name: accounts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.accounts VALUES (715700009451101518, 1, 0, false, true, '{"id":"apeach","email_verified":true,"email_valid":true,"nickname":"Apeach","talk":false}', NULL, 'AZkFCNojjnzExvUwMpinwTjY6kjne4GCh3Vl4GYG_o4', 1795278789905);
INSERT INTO public.accounts VALUES (799185208159687533, 1, 0, false, true, '{"email":"ryan@example.com","email_verified":true,"email_valid":true,"nickname":"Ryan","talk":true,"phone_number":"+82 10-1234-5678","name":"Ryan Kim","gender":"male","birthyear":"1990","birthday":"0101","birthday_type":"SOLAR"}', '$argon2id$v=19$m=19456,t=2,p=1$dQV9X2j0Tr4PpeFvyXIsRg$oHQhjX5g3NM+P3UHuRdG+knZ4HoKRs0NF3VFkGasvY4', 'AaJn85nZuv6NPCdTDa6_8_iGrKix5A5QP_5_TiuK', 1795278789892);


--
-- Data for Name: agts; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: app_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000001', 3001, 'rest_api', 0, 0, false, '{"redirect_uris":["http://localhost:3000/callback"],"allowed_ips":["127.0.0.0/8","::1"]}', 'MWFa5GivLm30OtcAieVu6kFEw-QPtm_LGlfnF1_R_iE', 'AXMl0N3XeeNo5a-jyMnFvFAzURNncBRqptGNo3zMjC8SP5bX-Ic0r7A8nxXxGg');
INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000002', 3001, 'javascript', 0, 0, false, '{"redirect_uris":["http://localhost:3000/callback"],"sdk_domains":["http://localhost:3000"]}', NULL, NULL);
INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000003', 3001, 'native', 0, 0, false, '{"android":[{"package":"com.upgrade","key_hashes":["Ab+/cdEFghIJklmnOPqrstUVwx0="]}],"ios":[{"bundle_id":"com.upgrade.ios"}]}', NULL, NULL);
INSERT INTO public.app_keys VALUES ('7aY6Khi-SJOLeADtKj71Pvo_4OXqVd4kgVbXIpzCshk', 3001, 'admin', 0, 0, false, '{"primary":true}', NULL, 'ATSdQs-aqQPO7iIKmzWm9IgkXtRbhBrrTmT4klQH13RbqCO7Vd8Zyv2ZH0dRVi5CWQ');


--
-- Data for Name: apps; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.apps VALUES (3001, 1, '{"name":"Upgrade","company":"Upgrade Inc.","kakao_login":true,"oidc":true,"test_app":false,"under_14":"allow","team":["ryan@example.com"],"logout_redirect_uris":["http://localhost:3000/bye"],"consent_items":{"profile_nickname":{"consent":"required","collect_if_missing":false,"collect_since":1795278789886,"purpose":"","permission":true},"account_email":{"consent":"optional","collect_if_missing":true,"collect_since":1795278789886,"purpose":"Receipts","permission":true},"gender":{"consent":"on_use","collect_if_missing":false,"collect_since":1795278789886,"purpose":"","permission":true},"shipping_address":{"consent":"optional","collect_if_missing":false,"collect_since":1795278789886,"purpose":"","permission":true}},"legacy_properties":true,"standing":"active","business":true,"permissions":["OIDC_SSE_SUPPORTED"],"simple_signup":{"enabled":true,"review_passed":true},"service_terms":[{"tag":"use","title":"Terms of use","url":"https://upgrade.example/terms","required":true,"version":1}],"channels":[{"id":"_ZeUTxl","name":"Upgrade News"}],"user_properties":["tier"],"automatic_link":true,"webhooks":{"unlink":{"url":"http://127.0.0.1:9/unlink","method":"POST"},"account_status":{"url":"http://127.0.0.1:9/events","events":["user-unlinked","user-linked"]}},"quotas":{"user_ids":1000}}', 1795278789886);


--
-- Data for Name: codes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.codes VALUES ('OWYtDJNZamfrVtsFx7O_3SpsnHoVyZr6LHyqCzWMwhE', 3001, 'd0000000000000000000000000000001', 799185208159687533, 'http://localhost:3000/callback', '["profile_nickname","account_email","shipping_address"]', true, NULL, NULL, 2051222400000, '', 'Python-urllib/3.11', '127.0.0.1', 0, 0, 0, 2051222400000, 2051223000000, 2051222400000, 4301725158604838079, NULL);


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.deliveries VALUES (4301725158606725961, 3001, 'account_status', '{"kind":"account_status","token":{"iss":"http://localhost:34551","aud":"","sub":"4979378499411374","app_id":"3001","iat":2051222400,"toe":2051222400,"txn":"txn-FEw43w7zZwIhdXkq5ZppfE","txm":"txn-FEw43w7zZwIhdXkq5ZppfE","jti":"FEw43w7zZwIhdXkq5ZppfE","events":{"https://schemas.openid.net/secevent/oauth/event-type/user-linked":{"subject":{"subject_type":"iss-sub","iss":"http://localhost:34551","sub":"4979378499411374"}}}}}', 'waiting', 2051222400000, 2051222408188, NULL, 1, 'Connection refused (os error 111)');
INSERT INTO public.deliveries VALUES (4301725158606119095, 3001, 'account_status', '{"kind":"account_status","token":{"iss":"http://localhost:34551","aud":"","sub":"12345","app_id":"3001","iat":2051222400,"toe":2051222400,"txn":"txn-dxu3j3-K0T_TFm5gpgzPzt","txm":"txn-dxu3j3-K0T_TFm5gpgzPzt","jti":"dxu3j3-K0T_TFm5gpgzPzt","events":{"https://schemas.openid.net/secevent/oauth/event-type/user-unlinked":{"subject":{"subject_type":"iss-sub","iss":"http://localhost:34551","sub":"12345"},"reason":"UNLINK_FROM_SERVICE"}}}}', 'waiting', 2051222400000, 2051222408407, NULL, 1, 'Connection refused (os error 111)');


--
-- Data for Name: grants; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.grants VALUES (4301725158604838079, 3001, 'd0000000000000000000000000000001', 799185208159687533, '["profile_nickname","account_email","shipping_address"]', true, NULL, 2051222400000, '', 'Python-urllib/3.11', '127.0.0.1', 0, 0, 0, 2051222400000, 0, 2056406400000, NULL, NULL, NULL);


--
-- Data for Name: instance; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.instance VALUES (1, 'AbS5BwijWS4KwuHVwh6Jd7WPdXwnLnYq9XjO4mEWUDqHQ-TS2kFmJSU-b4cqY2pGOlQaOwsoDQ');


--
-- Data for Name: links; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.links VALUES (3001, 799185208159687533, 4979378499411374, 1, 0, true, 2051222400000, '{"profile_nickname":2051222400000,"account_email":2051222400000,"shipping_address":2051222400000}', NULL, 2051222400000, '{"use":{"at":2051222400000,"by":"KAUTH","version":1}}', '{}', '["_ZeUTxl"]');
INSERT INTO public.links VALUES (3001, 715700009451101518, 12345, 2, 1, false, 1767225600000, '{}', NULL, NULL, '{}', '{}', '[]');


--
-- Data for Name: logins; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.logins VALUES ('ryan@example.com', 799185208159687533);
INSERT INTO public.logins VALUES ('+821012345678', 799185208159687533);
INSERT INTO public.logins VALUES ('apeach', 715700009451101518);


--
-- Data for Name: parked_codes; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: schema_history; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.schema_history VALUES (1, 'start', -1073740089261804626);
INSERT INTO public.schema_history VALUES (2, 'platform', 5403466284846548328);
INSERT INTO public.schema_history VALUES (3, 'instance', 8317149982783702624);


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sessions VALUES ('IItSQW2M_9fsZO3htHWpm4l-mvyQQ47RH53VTVb9338', 799185208159687533, 2051222400000, 2051308800000, 0, 'Python-urllib/3.11', '127.0.0.1');


--
-- Data for Name: shipping_addresses; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shipping_addresses VALUES (7001, 799185208159687533, 1, true, 1795278789903, '{"name":"Home","base_address":"1 Road","receiver_name":"Ryan","receiver_phone_number1":"+82 10-1234-5678","zone_number":"06236"}');


--
-- Data for Name: signing_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.signing_keys VALUES ('ce6c05ebda782806c0f3f45657aba7', 'AZzAxs3GkwJukyJrGhabquNGTROb1VqRXDmoxGpMEmaptpdYyU2H4DocQWC_gbY8s7HNG8mvYJSmlRKuEsx2ZcRutPtpr-cD5Ubjk3RLFawL10GpaRM04C8T3xqtrFt-QG5d8HpJap6CVdkvbeoJPrWl0lrZ0F8dcUAvEBCjGdY5JtKn1Olm12ftpJLeRPvwejzRkulyxEPefKZYkrHeaPZcdFKmM1Zru6qPM6h_TNapJFStoz_SQbJliIBW_lCyff2EFQOK_dr8Qm21aOd8N84h8NeUN_30u8oN9-bLdTM1WkmmxxuhIKQSgPlKK0cXAApFiUFN_ZGJi7lRelIU5k9UDhKk4JPKMyPGvBlM80Oq1JM2oVW68a4DEhLMxMVcUg6ET03vIkUwjOQ3UVbdAdYaH_tFmL3ZX1EN7EkJyYxxuPhdZSnaNkh69Oks9AFHEl_pvyJgBLicy6pskKcP9tWZO65kAgg_u_MWGdQwOCtpn-GFn5WKDYvEOdt5zJSVmXMhmH8XtEUYvNMrPcqXfDXfz-epX8sPKWV7eHPgLsjwxKtNqeF_aZhyStQ6fyXHOf3QNdXYotLKgiltEPcq9GP2pqxJ0BAG0zqB3IE32fL1E_4qfO8DIMKw9sc86odNu9XSlZj3Xke_-GBLi9PpOrF7usWmqn4a4mODfg-oMlqgWTHf4AhjXMyO_JUIVflxOwSKXfpSg5v7H7qa5iOXbWBhprTN_IJ8hMyIp_6sUwgXJvvaQeqHbJXJx9hHDLCoijaHx4g96Pt0M5ad9hs2wNtSJj4Y1suy7o3yHllw421QiaDqcIpHEuKvztYD5tFGq-BCUphvmFvgbgIyLOmD1mqkcbNxl4LWIctaSir7vuRfx_fUibHPO7TivjJ-ghMkwG4pU-_kJfqB9dqaRWvEcm9BlMraJC6AEbsHmosTRhN6fAXVIoACNEhi0tHvOgFSKSQpefOwVxb_jBr6heaPGoA10Fk8prn4lVGRTrKdrQPNfYJZQ_8uB8BKmXbWHWY9ndXVjmEqig7ZC-J7XIN91_wKuGCWEsVU0BSDCh75cNN6SPY-oaVXXoJ-j0zZBUYqlw_u2CRQsbJNvWPi04vZS7iqaosm8hXrPuAGEExtv081DPRa9VcNbJ0AQ2R1GaYsPN1Or_FTiohQseUr7-MqpE0-yIM857vfGQHbG0-YEphB_mUBxJ4OpVXp1zu00rJygC6RMCtV_8dbz1mWdW6rx63aIGVkl3D8AyixEQcSdWUEtdi42y5-Of5lB9tT8agLvIlFo-UA0Zy6TufswsBF78KzX3TvKcR0qJTuibm26i1jcIICtTpW7jbVob_gY2o6eMeRowV8GEJNvaA1bfjIv9DfmmjojdDsnoeBTIyPzP3EaNF6IgrdcgZEmb2zsN2BfqRB98EmVhc9vkrKaPhDlmNO7PA5QYJUwkK8yC1UnUdZJ5qvX5p-YwnMDMZh85jHanFg4C39-yB0antrcFnT2In6uIkqURpHLQaVAjLmxJ3jrNyi4kOscpEou84ByMLEaKlDeQv0Wympg9vP3D_UnFKJoWbpqMtEpzqxQRKxahzIzpqxtgv9MW_WCkFkdgbk69iURNS5EusHBKx2NlBHgDn5henzxSTI7sWdWG5kUCdEezH63KqpM8gGfTV3IDx0b2ce94JQ1SqD2rHBedvhI1Or98UezrjEZG2ZkezTjiGQO7FjUsQv0rjnTIQ6EwMG8PzI8AeptNKNPiumUSOLfChfjAv_h3MND8-3yM6T81WpzKwX-XOmxGmRsTuA_qtxxQWrtYPwp-Ot7Oyxg9y0zrOpHY4UafZWQJPAoU_yTnNtV2Y5S01Acenwi_15d1Vcrb7LOSV6eKgXLynW7iYGEY5Q7KfrulyU2WjOexI9dz2EgvfF-AMBT6kobCwwls_S9nfCY99qxFf4cfbDHeqzdFSAIMvwcvhb23yxcKDwOddy_FM9JGbFPaey5UpuszHe0F4uBaP4pbegB4UO4X5Wh0FT1-fcd8BCYDX1Hnuxd_28S2xSXqd1Nc6DPDVgE0jI03ozi_1l8FbOl0xFwA8WDWm3uzrPKpnOlk2CTSk9rnaxijcnf-ceLWTqr9DvsD0cmnri9UedvSZ3DhaGiQtaZsGtjEg0Knn7aV54y-X6A3qwxP4HFPOyCAr8YE1PRrx-9avalYDun0lm', 2051222400000);
INSERT INTO public.signing_keys VALUES ('b40ecb4c33a6e40e9d3eb2ccb0470a', 'AaTyEtOFgMdVerJ9CE7ND3ljEmPmzyIOGXZnEEVdO4l-G97RzNHgbxu1-DS40r_DaIy4GYrmzm2t4B_coZDlxbPg_5mW6kLnhxTIwIxahSu78wCcSFB-ddrjQrNW47P7VGIOb6RN20jCo9Fm8l1DhNVzc_10UhVa6myoKH5zc_o7iZgZ1Lvbc0VGPhPX-tlM9clx5i3AEi4y-aAPBna7mtqRS28yS1TN_1IRG_uUj1qtVw5YC0QzJoBO2ANgeJttEruiPdPqUBAg6tQTpycTi7ZAO-xnp_ee5cj_yxx5r8O5EAFzVGuBXaLqgitq1hQWHN1gyAm80pGvCbuoqKcushGPt5yvx450vo4XW0Pr0CdbtDfqv5Ngy8W33EqXFfeoYr9NG7p0XdLUfeMdprIDRTuKIQJcyvg_p409ArPRGaEN_m-5tv3Oko6X0ejHeVf76qZsfwLehj_WDxQ6FqNwWyzRzjpCDbQwNoyoIgf7koYeYEOa7ewgQHdUQxmecQ5E_mMTOkUGwDlVB0PSftUhngYjPr0ZcKZYfTNp2qsF2rYNTBzSp5alseJn7260xqWKPy4XMwQ_iKDkr0gqcuikSlCVGOGeVeYXIouI59JROc_3f-_MZrTdpx5I2mpus4N42mzG3juXCaLG0zoBMFDFuYkZM32vZbG1kS8M2kVZYxljzcCqombu4fnl-sAX7mv3KmLVuLROJ_ka3CEym2JP_tqS9gBewLHlflt4lfk0ViwBRgeTIQy9BCgLfO7mVDO9NYi6h5T2hmCQwdeHI6WeQ-er_SYuFjFE9aetmiBtOfxGBq5JYX9DACgbV9zUJkmWldfP-vxwLr6fD3C_Nfw2IYtvuMcYE6GQ9Bb2_0zYMye34ksueWubsq4b-zrlri9yyewe55nvWcQ62GyooUeEWy7UUjjNd0OBEOP-j1cISkRCbZkbTf4LZFpjXSVtxdE_4CU3Yn5v71ADNraq-nVegHRGPHfNPQSmJtPZHxvUh-kbO2LAadfJJUC_ItgiPiN6Vukznt6r6YRyMngwAFaXEcFiUDZt34rTOZbKCLxt7TFaK8o-qSV59AGAfZrxehfqN_KL9Gwoyzx7XATH2Ws5Fc2yozSfpK8FExdnY5UgCPeLxiWryqOVfIWIkYAHZ8DCl9azFgk6Z3fKmr8Kfhc6OQ4wuWuHUmIHLTeW7kPUzIUjeo-Pmpy-Lz5ArfebFvGO7-Nhi4M7fQRbtk-rNGGXnVy3R6JpI6uueoqggKPgm9ldwS0S5ufZjWrLoS5ccx3pUX5lgcv0OVPtVFr2OACYggCKA38vS5SrA6asU81o57-XVsBrOxwTm52NrGisUrk3--yupY_PMKVz3yNueGtyV3_oAdUi1-MqWED2xsI_6m6rbwDncrZvrYAz3F5Ta-MqiIEXx7RwfS529t20XRJpOJ-F1KkipZNgJtXUs9GOcxkVAqnmkAN3Mb1zwTa8bfH68o2QpE3U1IK61ms6RcMtWF0UIPgviF5TNeN2mXDI2afrHNE_J8KkcgzUe9doVP4ZvHup4ewqeDh7Qe__IZrFcSv6x6NsZ73mB4bS7fR-IMNP1JEFNaksNlVWGKZerO309QhVe1q2VBvflGylzdlxTxuLgo3O5g0MJOjoDf8voKeZj09p3JrvVjJfg3j5VZKMXoBhIg4bdMFJH6oyrxdnlnIxz3Xgz-4936QxospBCWDGanM1i6Y53k2LAznf96Vgz56rLL7Wv04fzc8X1aDQi_6-hvivCDaI2WxubTu7GSOZDyAh62T-Er6MgkVWMFwiD7GNrRKZgZ3oyS__demfld5ZhgJAl5YCtTdXeKDD3TG9WLCVYt9PA3iCvUnTMGyrNQ9MnQSa6J2zTKSViOcgcS0KOMgwS0GA60oH9sgqRu7zJEX3oSimUJBtWX597xNcfSAFLDSxztH9jjL4iEsusGvBmWcRd1CERe9i9I4QaF8NA6fv5OhxmpgQ4LDyPDtloCf4Sxyhe5UTuIGYQ_ilbn5rpL6oHxtTo19HjdNx-JOy-3THZ4KaiaSq5FrrVbjDNgZzTBe238brGFl3o3zROD_ypbUDarUTmAuM489cihvsxp_9E4PXhapxsLszz_ap9PmYPglxu8oE7eRNdhXZRTM27cnmwPcJMBQi-7DCqN9XWP9fidZpY98Wd3Dr1jVd1cIfW-B2IN8', 2051222401000);


--
-- Data for Name: webhook_states; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.webhook_states VALUES (3001, 'account_status', 'http://127.0.0.1:9/events', 2, NULL);


--
-- Name: accounts accounts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);


--
-- Name: agts agts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agts
    ADD CONSTRAINT agts_pkey PRIMARY KEY (id);


--
-- Name: app_keys app_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_keys
    ADD CONSTRAINT app_keys_pkey PRIMARY KEY (app_key);


--
-- Name: apps apps_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (id);


--
-- Name: codes codes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.codes
    ADD CONSTRAINT codes_pkey PRIMARY KEY (id);


--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);


--
-- Name: grants grants_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);


--
-- Name: instance instance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (id);


--
-- Name: links links_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (app_id, account_id);


--
-- Name: logins logins_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_pkey PRIMARY KEY (login);


--
-- Name: parked_codes parked_codes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parked_codes
    ADD CONSTRAINT parked_codes_pkey PRIMARY KEY (id);


--
-- Name: schema_history schema_history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_history
    ADD CONSTRAINT schema_history_pkey PRIMARY KEY (version);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: shipping_addresses shipping_addresses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shipping_addresses
    ADD CONSTRAINT shipping_addresses_pkey PRIMARY KEY (id);


--
-- Name: signing_keys signing_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);


--
-- Name: webhook_states webhook_states_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_states
    ADD CONSTRAINT webhook_states_pkey PRIMARY KEY (app_id, kind);


--
-- Name: agts_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agts_by_expiry ON public.agts USING btree (expires_at);


--
-- Name: app_keys_by_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX app_keys_by_app ON public.app_keys USING btree (app_id);


--
-- Name: codes_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX codes_by_expiry ON public.codes USING btree (expires_at);


--
-- Name: deliveries_by_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_by_age ON public.deliveries USING btree (created_at);


--
-- Name: deliveries_by_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_by_app ON public.deliveries USING btree (app_id, kind, state);


--
-- Name: deliveries_by_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_by_due ON public.deliveries USING btree (due_at) WHERE (due_at IS NOT NULL);


--
-- Name: deliveries_by_lease; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_by_lease ON public.deliveries USING btree (lease) WHERE (lease IS NOT NULL);


--
-- Name: grants_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX grants_by_expiry ON public.grants USING btree (refresh_expires_at);


--
-- Name: links_by_member; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX links_by_member ON public.links USING btree (app_id, user_id) WHERE (connected AND (signup_due IS NULL));


--
-- Name: links_by_signup_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX links_by_signup_due ON public.links USING btree (signup_due) WHERE (signup_due IS NOT NULL);


--
-- Name: links_by_user_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX links_by_user_id ON public.links USING btree (app_id, user_id);


--
-- Name: logins_by_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX logins_by_account ON public.logins USING btree (account_id);


--
-- Name: parked_codes_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX parked_codes_by_expiry ON public.parked_codes USING btree (expires_at);


--
-- Name: sessions_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);


--
-- Name: shipping_addresses_by_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shipping_addresses_by_account ON public.shipping_addresses USING btree (account_id, updated_at);


--
-- PostgreSQL database dump complete
--


