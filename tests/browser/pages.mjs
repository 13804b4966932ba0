// Every page, and how a browser gets to it. Each opens in the language of its context.

const LOG_IN = 'form button.submit';

export const world = site => `
[[apps]]
id = 2001
name = "단골 커피"
company = "주식회사 단골"
simple_signup = { enabled = true, review_passed = true }
service_terms = [
  { tag = "use", title = "단골 커피 이용약관", url = "https://market.example/terms", required = true },
  { tag = "news", title = "혜택 알림 받기(이메일, 문자)", url = "https://market.example/news" },
]
channels = [{ id = "_ZeUTxl", name = "단골 커피 채널" }]
logout_redirect_uris = ["${site}/bye"]
[[apps.rest_api_keys]]
key = "b0000000000000000000000000000001"
redirect_uris = ["${site}/callback"]
[[apps.javascript_keys]]
key = "b0000000000000000000000000000002"
sdk_domains = ["${site}"]
redirect_uris = ["${site}/callback"]
[apps.consent_items]
profile_nickname = { consent = "required", purpose = "주문 화면에 이름 표시" }
birthday = { consent = "optional", purpose = "생일 쿠폰 발급", collect_if_missing = true }
account_email = { consent = "required", purpose = "영수증과 주문 내역 안내", collect_if_missing = true }
shipping_address = { consent = "optional", purpose = "원두 정기 배송" }
[[people]]
email = "ryan@example.com"
password = "ryan-password"
nickname = "도윤"
[[people]]
id = "no-email"
password = "no-email-password"
nickname = "노엘"
[[people]]
email = "mina@example.com"
password = "mina-password"
nickname = "미나"
restricted = true
[[people]]
email = "new@example.com"
password = "new-password"
nickname = "새봄"
agreed_to_terms = false
`;

const REST = 'b0000000000000000000000000000001';
const JS = 'b0000000000000000000000000000002';

// The pages of one server whose world is above; `lang` is added to each request.
export const pagesOf = (base, site, lang) => {
  const authorize = (more = {}) =>
    `${base}/oauth/authorize?${new URLSearchParams({ client_id: REST, redirect_uri: `${site}/callback`, response_type: 'code', lang, ...more })}`;
  const logIn = async (page, login, password, more) => {
    await page.goto(authorize({ prompt: 'login', ...more }));
    await page.locator('#loginId--1').fill(login);
    await page.locator('#password--2').fill(password);
    await page.locator(LOG_IN).click();
  };
  const at = path => page => page.goto(`${base}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`);
  const agree = async page => {
    for (const box of await page.locator('input[required][type=checkbox]').all()) await box.check();
    await page.locator('button[value=accept]').click();
  };
  const picker = async (page, more) => {
    // What the SDK sends: a form with the access token.
    await logIn(page, 'ryan@example.com', 'ryan-password');
    if (await page.locator('button[value=accept]').count()) {
      await page.locator('input[value=shipping_address]').check();
      await agree(page);
    }
    const code = new URL(page.url()).searchParams.get('code');
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: REST, redirect_uri: `${site}/callback`, code });
    const { access_token } = await (await fetch(`${base}/oauth/token`, { method: 'POST', body })).json();
    const agt = await (await fetch(`${base}/api/agt`, { method: 'POST', body: new URLSearchParams({ client_id: REST, access_token }) })).json();
    const ka = 'sdk/2.7.1 os/javascript sdk_type/javascript lang/ko-KR device/Linux origin/' + encodeURIComponent(site);
    const inner = `https://apps.kakao.com/user/address?${new URLSearchParams({ app_key: JS, ka, trans_id: Math.random().toString(36).slice(2).padEnd(60, 'x'), mobile_view: 'false', enable_back_button: 'false', lang })}`;
    await page.goto(`${base}/auth/kpidt?${new URLSearchParams({ app_key: REST, agt: agt.agt, continue: inner, lang })}`);
    await more?.(page);
  };
  return {
    start: at('/'),
    demo: at('/demo'),
    inspector: at('/inspector'),
    'docs-api': at('/docs/api'),
    'docs-control': at('/docs/control'),
    'docs-error': at('/docs/errors/KOE006'),
    'log-in': page => page.goto(authorize({ prompt: 'login' })),
    'log-in-error': page => logIn(page, 'ryan@example.com', 'wrong'),
    'create-account': page => page.goto(authorize({ prompt: 'create' })),
    'create-account-error': async page => {
      await page.goto(authorize({ prompt: 'create' }));
      await page.locator('#email').fill('ryan@example.com');
      await page.locator('#nickname').fill('x');
      await page.locator('#password').fill('a-password');
      await page.locator('button.submit').click();
    },
    'account-terms': page => logIn(page, 'new@example.com', 'new-password'),
    restricted: page => logIn(page, 'mina@example.com', 'mina-password'),
    consent: page => logIn(page, 'no-email', 'no-email-password'),
    'consent-incomplete': async page => {
      await logIn(page, 'no-email', 'no-email-password');
      await page.evaluate(() => { document.querySelector('form').noValidate = true; });
      await page.locator('input[value=profile_nickname]').check();
      await page.locator('button[value=accept]').click();
    },
    'sign-up-done': async page => {
      await logIn(page, 'ryan@example.com', 'ryan-password');
      if (await page.locator('button[value=accept]').count()) await agree(page);
      await page.goto(`${base}/oauth/authorize?${new URLSearchParams({ client_id: JS, redirect_uri: 'JS-SDK', response_type: 'code', lang, auth_tran_id: Math.random().toString(36).slice(2).padEnd(60, 'x'), is_popup: 'true', ka: `sdk/2.7.1 os/javascript sdk_type/javascript lang/ko-KR device/Linux origin/${encodeURIComponent(site)}` })}`);
    },
    chooser: page => page.goto(authorize({ prompt: 'select_account' })),
    'log-out': page => page.goto(`${base}/oauth/logout?${new URLSearchParams({ client_id: REST, logout_redirect_uri: `${site}/bye`, lang })}`),
    'error-uri': page => page.goto(authorize({ redirect_uri: `${site}/callback/` })),
    'error-scope': page => page.goto(authorize({ scope: 'made_up' })),
    'error-url': at('/oauth/nowhere'),
  };
};
