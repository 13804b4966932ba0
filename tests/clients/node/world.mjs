// The values of ../world.toml that the tests need.

export const person = { login: "ryan@example.com", password: "ryan-password", nickname: "Ryan" };

export const secretKey = { id: "0123456789abcdef0123456789abcdef", secret: "coffee-secret" };
export const plainKey = { id: "1123456789abcdef0123456789abcdef" };
