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

INSERT INTO public.accounts VALUES (715700009451101518, 1, 0, false, true, '{"id":"apeach","email_verified":true,"email_valid":true,"nickname":"Apeach","talk":false}', NULL, 'ASVdvD03iViAvkZE_O_HLovUiR-DPJwJ781TN3TdqC4', 1795273549102);
INSERT INTO public.accounts VALUES (799185208159687533, 1, 0, false, true, '{"email":"ryan@example.com","email_verified":true,"email_valid":true,"nickname":"Ryan","talk":true,"phone_number":"+82 10-1234-5678","name":"Ryan Kim","gender":"male","birthyear":"1990","birthday":"0101","birthday_type":"SOLAR"}', '$argon2id$v=19$m=19456,t=2,p=1$v36kJ+PjQIKdqxwSkUfOEw$IdFqoJ2jT8X5N7gK1Hqm3XqPtFMXZe6JmTfY1UZ4Y0U', 'AewKQ67_nwYFsdmfqUOtZRcY1rhwnhxXDcf46Tgu', 1795273549100);


--
-- Data for Name: agts; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: app_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000001', 3001, 'rest_api', 0, 0, false, '{"redirect_uris":["http://localhost:3000/callback"],"allowed_ips":["127.0.0.0/8","::1"]}', 'zgP_5GF0zJyLODftN6t-wP7na97vRF7NQPIoEWRHSfk', 'AZssq-TrQKalGQe-20rQxLklvV37mayOTZWQT5KZ8z-L14Ucm3-c8vKJdDp8Yw');
INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000002', 3001, 'javascript', 0, 0, false, '{"redirect_uris":["http://localhost:3000/callback"],"sdk_domains":["http://localhost:3000"]}', NULL, NULL);
INSERT INTO public.app_keys VALUES ('d0000000000000000000000000000003', 3001, 'native', 0, 0, false, '{"android":[{"package":"com.upgrade","key_hashes":["Ab+/cdEFghIJklmnOPqrstUVwx0="]}],"ios":[{"bundle_id":"com.upgrade.ios"}]}', NULL, NULL);
INSERT INTO public.app_keys VALUES ('8dxQy0UZdcQjabaxCjI6r6k5uVWPrX5GTjZMCR1jIRc', 3001, 'admin', 0, 0, false, '{"primary":true}', NULL, 'Ac0fCRm9SdBu6RlytEzsvqpx0pBbyhXTV0MUyB8V7dn1cUt7gC0hx2B_0BR2ncw86Q');


--
-- Data for Name: apps; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.apps VALUES (3001, 1, '{"name":"Upgrade","company":"Upgrade Inc.","kakao_login":true,"oidc":true,"test_app":false,"under_14":"allow","team":["ryan@example.com"],"logout_redirect_uris":["http://localhost:3000/bye"],"consent_items":{"profile_nickname":{"consent":"required","collect_if_missing":false,"collect_since":1795273549093,"purpose":"","permission":true},"account_email":{"consent":"optional","collect_if_missing":true,"collect_since":1795273549093,"purpose":"Receipts","permission":true},"gender":{"consent":"on_use","collect_if_missing":false,"collect_since":1795273549093,"purpose":"","permission":true},"shipping_address":{"consent":"optional","collect_if_missing":false,"collect_since":1795273549093,"purpose":"","permission":true}},"legacy_properties":true,"standing":"active","business":true,"permissions":["OIDC_SSE_SUPPORTED"],"simple_signup":{"enabled":true,"review_passed":true},"service_terms":[{"tag":"use","title":"Terms of use","url":"https://upgrade.example/terms","required":true,"version":1}],"channels":[{"id":"_ZeUTxl","name":"Upgrade News"}],"user_properties":["tier"],"automatic_link":true,"webhooks":{"unlink":{"url":"http://127.0.0.1:9/unlink","method":"POST"},"account_status":{"url":"http://127.0.0.1:9/events","events":["user-unlinked","user-linked"]}},"quotas":{"user_ids":1000}}', 1795273549093);


--
-- Data for Name: codes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.codes VALUES ('SpnX1h4JoGK-7iBKVkLuMdu2SprZVzouigXDPmxDC-o', 3001, 'd0000000000000000000000000000001', 799185208159687533, 'http://localhost:3000/callback', '["profile_nickname","account_email","shipping_address"]', true, NULL, NULL, 2051222400000, '', 'Python-urllib/3.11', '127.0.0.1', 0, 0, 0, 2051222400000, 2051223000000, 2051222400000, 4301725158605375614, NULL);


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.deliveries VALUES (4301725158606579573, 3001, 'account_status', '{"kind":"account_status","token":{"iss":"http://localhost:34499","aud":"","sub":"6978616767186259","app_id":"3001","iat":2051222400,"toe":2051222400,"txn":"txn-ZueEY_tEbjE7KNpi8_rABT","txm":"txn-ZueEY_tEbjE7KNpi8_rABT","jti":"ZueEY_tEbjE7KNpi8_rABT","events":{"https://schemas.openid.net/secevent/oauth/event-type/user-linked":{"subject":{"subject_type":"iss-sub","iss":"http://localhost:34499","sub":"6978616767186259"}}}}}', 'waiting', 2051222400000, 2051222420000, '41PVxp0XXw8n9w1FydMwt1l2gaHaeYv0VepEhTeuLns', 1, NULL);
INSERT INTO public.deliveries VALUES (4301725158605237895, 3001, 'account_status', '{"kind":"account_status","token":{"iss":"http://localhost:34499","aud":"","sub":"12345","app_id":"3001","iat":2051222400,"toe":2051222400,"txn":"txn-NJ-i6z1JAa5qo1WfLHoUbG","txm":"txn-NJ-i6z1JAa5qo1WfLHoUbG","jti":"NJ-i6z1JAa5qo1WfLHoUbG","events":{"https://schemas.openid.net/secevent/oauth/event-type/user-unlinked":{"subject":{"subject_type":"iss-sub","iss":"http://localhost:34499","sub":"12345"},"reason":"UNLINK_FROM_SERVICE"}}}}', 'waiting', 2051222400000, 2051222400000, NULL, 0, NULL);


--
-- Data for Name: grants; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.grants VALUES (4301725158605375614, 3001, 'd0000000000000000000000000000001', 799185208159687533, '["profile_nickname","account_email","shipping_address"]', true, NULL, 2051222400000, '', 'Python-urllib/3.11', '127.0.0.1', 0, 0, 0, 2051222400000, 0, 2056406400000, NULL, NULL, NULL);


--
-- Data for Name: links; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.links VALUES (3001, 799185208159687533, 6978616767186259, 1, 0, true, 2051222400000, '{"profile_nickname":2051222400000,"account_email":2051222400000,"shipping_address":2051222400000}', NULL, 2051222400000, '{"use":{"at":2051222400000,"by":"KAUTH","version":1}}', '{}', '["_ZeUTxl"]');
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


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sessions VALUES ('NQBqkLUv0d_pKRXUh24FyBuSWkPbuR9l4eJXnO42ahQ', 799185208159687533, 2051222400000, 2051308800000, 0, 'Python-urllib/3.11', '127.0.0.1');


--
-- Data for Name: shipping_addresses; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shipping_addresses VALUES (7001, 799185208159687533, 1, true, 1795273549101, '{"name":"Home","base_address":"1 Road","receiver_name":"Ryan","receiver_phone_number1":"+82 10-1234-5678","zone_number":"06236"}');


--
-- Data for Name: signing_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.signing_keys VALUES ('44890c51289e8cef9b85777d6dd1b8', 'AaHuZiMSwMUUPAc7Zk1q6y6os8-LLWLOkJ9QflyZBOLIEzihP2Wip2hRroC-yf8494R-RsmzYNVyqnUKyGGyYgrXykuBdvILh-1KYp7xLjUX9hbh23KKiFSgs6L8pKh800bLMdLf2YgY0e6lpoQdcpBG2MRlCTKMNgbPl07LbES2eHzTnn8A4VcK15l--gsgneVyYGzOb5Cftn8-DVCe_1hqYOZ_fZQx92NhD621FHep_8dRFGOm2CzTkki0oiaNDr-eTG00BCBuh-L-UxlUkuyNQF_7CdCaVa2y6VtbxSGehMl_Hnsd0r101EGCDqTy0wDMYVr2GfuPPuPLj2wRorEM4XcMOKNtffPdpWv52d8Da6JCju9-3gtI5ni4lJWzk3fm5GuhLL_MS6G_CZ0wYBXOC3EdfUDmKzVIpR0TWkk95xCqX_blMY0TrtM75hahZv-6-8QATUd1IVK16ilwMKBZ7-Adu3DF_sWLhm3ELS62IameSKAw7nAAcs6CwIMxjW4BqoXpcuZkx_hXc3bQrsr8cTxLyFHBXfxe3HPp7NosJUeZQrLJUL1fueVoaWuiOAfbsMXmaH3glReH3MKyzRfXKwgKrAz9odwB8D1VAv8yU6Hg2-GPEJpLvgeepMluRupucBjuzYT9S1dv1ORuZWKLQIqU9B1F8gOPpsGqRTDXmebkYDxMkJ0NdE4h9SayCQ57836fNF3zv1DyF-ztMosT_VHriF15d3FCXSKcfDa-DzyjlK1L9ErpYqW88Fo0FI0D5Iws5E5o1iUOq8SSf_ROkgAyEpbbsfrvb2w1RTbe39Jx1rNnu6oKOuIk9h7KMhxQKhJX7ZTIDTfyU-P8BPd68-geluo4r7HyxAe7N73sr0zxdP2IGU_dheVe5Qqodb645wchmALMkC3sunwIm7Wq0z4WuuUcaOFOjw-Q3QsLvMMZnTFUx6-P53jKqZEe8VXVgSvSBaVvxSs_YbjYY3eojO_ntss7oy3QIKOoD4Bqs7ZlGFE4NVEHOQx6sr-aiwjqji4RYtDftsD28HGqo9kMMHISKmgXFMIDzulwwVD2pFTKiP9hleBCrXZhEQM_ioXp-yKUJmdamR7T-Ym_XqKDPIfpoALBNnPnoei77lZnn65E4UQYazj_PK4Wj63VSHTyTK60hzsxmHnbzSuPGmv2fqqNz1JSWtzAnTsJiPtNelpw6JNa3bGrg6R0fJUjrfzxDMDL51G-4cCXKDe4b3j_h_u4LiiNCY53EhAegG68lqdX0QS23BpL8PNkCn84miUSawZ83Q062Az6twfOToRgNvjJuh2H1lIpKUhKWxPUhuqBhhRMF08KqfzPXqVAZwU4U-j07xIgqcnfCMiZYd8RlOAzD_xzQlmnrrDqLYVKV--tvOWIXadzUve4ZoCQcYkiwxyBG1W5I5I_7B-CLQI6IRL35q2WQYGFYSqdNmYiambSGSviv4bNEj13T9zHaMMhtJC5eF4RYzmrdwJzOW0I_s0Q0F8XHYUacgvthHTsawLlix4AV-S5ZJuDRCANEsYwMDC3FaOqx5VKTYwTgfsq8uVLSDCi4V60KvU1YwseMqa9-78Mb22gukON04mBAAAZtlJaxeuftrEQiCcKIoFGFLsdzcN7JKBPYLXCz5Hq8KdIblyioC12ngZsv3sOqJjeKWDhKier28PJMOi9nA676kI5RUfG4PAq5G26rUxW9FKp3XS-dHBkNIT3oWe-bTR9tMm7VQXxacCKjyQSRT1cOWPMRvjntIq0CcXmn8Z-kfv8Mm5ij1lVGxtuqIaoZRwbKbllOHiCWX7Iq4PpaehNVR_XpCJjUgPzW07Nb_IN_F6yvhm40uyug0bIq24xGEuvpWuPHIX40qdHV_d95gbWKSu4Li4SE6nrRzxVlvzlChBNlslP6JT78kDpJ7qp6U2TMXq-a3g8itamsLMSdvbUEg-81M2avDLzQwZa1JFSEOFoLmoaci4AdaS2bwmp7NJUr4kOu_7DkT63dU4r23HZDvdx07rcmjbKJBQ5lCxFutaNOR2MgIKPMwoRNI4u2FxHaEZPK7nSg2IJk0wrMV2yTr8qv4-ELd2SenepVRnN3UD6JdK_LMD3RcTgZVeq_Ienh8LNPOX449CTA5nEiUF9-8sBPL9mV1M9DvczeYz8Q4y40boI0d0FeIemYKKCUOmx7B0tftQ', 2051222400000);
INSERT INTO public.signing_keys VALUES ('bc414dcf6d4e3a5c5ec04a44182e60', 'Ad7ZHZXe_IPcmlTLbv4D25l2u2A0tm7QOABU-TGZTW0y8GkcDj2L5K5dMT3_uOkgoHPs-FdOpn-IbHjggXAPklc4MxjedKhbjKbAQQoj8slHKvnXONPNnBvsO5hg161HhE-Mvje4FXGwNwt288IM3rMQINBQBImGqvkxwU9UlIMNRW8A1ba4QKSsxoJT9uD8pvukSi3P-HCk7KAHJTIqItBxcoiBAeXYc25WUgERGacMybJhznCUbwAmYW39617a9LtLvvMnUui_iXrq6cnqGGvkfl1WCbhUdsoMMWEPSsf4vLr2q2qUpym4_-YiU4orRNiIe5uSA3C6OnoIRyN91zN2Jnthb1dlLtFktW9jMsPSTvMlp-pzgHnabRh-mSLBP9hI32Y8C3kS2n4Pc1ikbOacPZ1mcZdhG4q79GbTpzvKXD19lOjxdDHN-T9om03XLI8Ry6z71CZXvy2oc97T74hhhzYoRVxxypfSI3IkTXZAtYQXX2KjuBbkdbFrwKGBNmKa-_X5BJAvapmb5VICSSLCL_voJYHEBF49wlQJijoaMrNhz_eN-6tjO238OUEbkkltP9zJUBICxhyj4XppMiRha5jnkdwFK5gq1RbYDKtB8YfoWBIzF1tYIuTfHTUHKqT0MjZCCtv9QR-bNkW97p4NuVpJnwdw7J0684xyo_qttxkVjZY_rpCqfsdxkInW3JCtuomc9wSEd23mShEBfw7k4-047y4zMQYeKBg8k2EdqBwCHnxlCbH1WHvuHv9rAEQjuK2LinFUg_m2NhwMsufwMXCTZf2lj5X73XcPvLnapZznlFUt0QOXZ0UCmaV2lDkg3yttS9HBv8sPwiTL88zapGTnR7VBcYFM1TO48Crm2xf21FyXAnarJx-SiTlTGXMohM47zpR10yPEpkXl81b8TekpjXkmO1M6vRQqH6sRYwQt1XXfeIeFLreaHxmZdM7FcAFaBrikCeupkbOIhkuh4Qgvqfyd4a_AHISxusaT0rnyGfrjKzn2BlmDoiDgvFokyh2b0yxus2l-p-M7FZ18w6xaqSu-gl8EeRKgtIlPE7N1CFyxullTg3pkouA53dbqdxy0OsnhSgEvvVGZ5XJnVIWBgviSlq0R3sqecveFgnKohsWX4Iqp63oKr5ENuZqeMJSnX1bk2Qysi8J1_D4CoiSa20-v8mIRu7hmkr6CO4-8qam7qKoLYzDfyChy3qvA5sU8LDxqzqVfSnUPFFu45SVEQfYOPHRdIxNHS-J3iI9EeFBnsXscGMvdW4s0F3QbRUJGwdYSDXLtNF1xsAkCpLxnQHDB99jRYi6JNnmXecEqQ8Zz57xZ_IT7E1oJa1numIIcD4P55FS-jilv-fPbEBqsx3k6mqu3oA02jsm1wvLLHnNI0TClgsNE0NgJRX0qOsKQec33O3PYyZbZAFe9JH57xduEEN0_hM3rSbKs44Q91jwON5V4Bt_ggY11UZE82oV5vSEJ4CN_7SBjEfmIVDScS1dFsZwpsG2WMOn6PwwNA9IClcjcWc8U9VTqNUDcXy1HH-nd_cIWcQphm1WojadoHKx4EF-9QOyADDLhkRCpvrH_U2lM5BGRPUe4Qz3Ps37jS8aHaX5luHpNUl-yJMbwxTT1JGRy4DoUlWF-9q9_8nHaMkU-w87-KEBFnyUv5-4d_ChBzouJYzYRJj3i8SrWLhSwwUg8l_l2bhYIZ6WL7OOg8Md0eHMcSOBZGB7GRJjOnQVyJdgjNrQFVq6mQlkycfqnkV-ZR0ae9MHAvS0I6SkGY14NRnDyQX7-MR7jBCGrWXBv423y7zleHtozywg14euVptDEp-7phwCZJgvpw5mCprwspM8vi2OfF2oDJxa0qqVLUrm_MYFuzrZZk2vrslLMKdVfBg40MYVrRNKf2fi_gb31H7AQ48AEj2NAA0ioYD4Tyr2-KCCqF1pKhnoHfpgm3xea04zIhwPNv5WMu9_GzItJdIgiMSm2edz9p6ObZ9ldu2ETTFzt4ktpWjs8lYoRRe8ATqg-OzSlnTS5AHjmJUWPvFKHDUQIWfh3CG8mYZDzLkDRxlX-pv6KxAmFrh41IgQC9xDs0NcofrzAR0snpbN4WSA3yMoGbp0Ky5zXr_9BDcA7ODKuBIZBHxn2Gi3MZR53X0tyDtr0dGZ2vVANW4Se7KCkq7vhJlzCAs38kg', 2051222401000);


--
-- Data for Name: webhook_states; Type: TABLE DATA; Schema: public; Owner: -
--



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


