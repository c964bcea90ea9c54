"""Strategies: plain objects that say what they want next. They run live, in process, and in simulations alike."""

from agents.strategies.market_maker import MarketMaker, MarketMakerSettings
from agents.strategies.noise import NoiseTrader
from agents.strategies.noise_settings import NoiseTraderSettings
from agents.strategies.passive_buyer import PassiveBuyer, PassiveBuyerSettings
from agents.strategies.settings import SettingsError
from agents.strategies.strategy import Figure, Strategy
from agents.strategies.twap import Twap
from agents.strategies.twap_report import TwapReport
from agents.strategies.twap_settings import TwapSettings

__all__ = [
    "Figure",
    "MarketMaker",
    "MarketMakerSettings",
    "NoiseTrader",
    "NoiseTraderSettings",
    "PassiveBuyer",
    "PassiveBuyerSettings",
    "SettingsError",
    "Strategy",
    "Twap",
    "TwapReport",
    "TwapSettings",
]
