"""How an HTTP error looks: JSON, with a stable code. The codes are listed in docs/reference/http-api.md."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_CODES = {404: "not-found", 405: "method-not-allowed"}
NO_STORE = {"Cache-Control": "no-store"}


class ApiError(Exception):
    """A request that is answered with an error. `code` is stable; `message` is for a person."""

    def __init__(self, status: int, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


def error_response(error: ApiError) -> JSONResponse:
    """The error as JSON."""
    headers = dict(NO_STORE)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="voltseal"'
    elif error.status == 503:
        headers["Retry-After"] = "5"
    content = {"code": error.code, "message": error.message} | ({"hint": error.hint} if error.hint else {})
    return JSONResponse({"error": content}, error.status, headers)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """What the router itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "refused")
    response = error_response(ApiError(error.status_code, code, error.detail))
    response.headers.update(error.headers or {})
    return response


async def on_api_error(_request: Request, error: Exception) -> Response:
    """What a route refuses."""
    assert isinstance(error, ApiError)
    return error_response(error)
